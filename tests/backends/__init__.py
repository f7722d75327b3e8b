"""
Stacks on the state backends and the secrets providers that a team has.

`make test` runs the short form, where the servers are there; `make test-backends` gets them and runs all of it.
"""

from __future__ import annotations

import os

import pytest

long_form = pytest.mark.skipif("LONG" not in os.environ, reason="the long form is run by `make test-backends`")
