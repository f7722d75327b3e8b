"""
Puts the SDK's stand-in core into every Python process that has this folder on PYTHONPATH.
"""

from __future__ import annotations

import sdk_core  # type: ignore[import-not-found]  # this folder is on the path

sdk_core.install()
