"""
The version of this program, which stands nowhere else.
"""

VERSION = "0.1.0"
