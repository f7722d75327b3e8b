"""
The version of this program, which is defined only here.
"""

VERSION = "0.2.0"
