"""
1Password: one field of an item, and the three backends that reach it.
"""
