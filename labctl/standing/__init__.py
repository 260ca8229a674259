"""Labs that are kept standing on purpose: a process of their own holds each, and others connect to it."""
