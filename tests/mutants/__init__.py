"""Small faults put into the code, one at a time: does a fast test notice each of them? `make mutants`."""
