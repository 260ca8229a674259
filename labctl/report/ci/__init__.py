"""Outcomes -> what continuous integration reads: JUnit XML, annotations, a job summary; pure."""
