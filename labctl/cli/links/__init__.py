"""`labctl link` and `labctl heal`: faults on the links of a lab that stands."""
