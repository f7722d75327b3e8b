"""
What every dynamic provider shares.
"""
