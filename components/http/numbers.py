"""
Numbers that the environment sets.
"""

from __future__ import annotations

import math
import os

from .errors import EnvironmentUnfitError


def number_from(variable: str, what: str, most: float) -> float | None:
    """
    Return the number of *what* that the environment's *variable* holds, or None where it is not set or empty.

    Raises:
        EnvironmentUnfitError: it holds no number, or one that is not more than 0 and at most *most*.
    """
    text = os.environ.get(variable, "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= most:
        rule = f"more than 0, at most {most:g}"
        msg = f"{variable} is not a number of {what}, {rule}; correct it or take it out of the environment"
        raise EnvironmentUnfitError(msg)
    return number
