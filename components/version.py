"""
The version of this program, which stands nowhere else.
"""

VERSION = "0.2.0"
