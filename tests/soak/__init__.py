"""
A year in which the key is rotated each day, and nobody notices: `make soak`.
"""
