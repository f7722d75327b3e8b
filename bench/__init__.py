"""
What a run costs, against a program of the same engine that does nothing: `make bench`, not part of `make test`.
"""
