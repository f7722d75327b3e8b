"""
Tests, in the rooms of `components/`.

A package, so that `tests/http` is never taken for the `http` of the standard library.
"""
