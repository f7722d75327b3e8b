"""
The HTTP layer under every system: what it repeats, what it sends, what its errors say.
"""
