"""
What the dynamic providers share: their base, and what one run of the engine remembers.
"""
