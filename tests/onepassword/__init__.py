"""
1Password: the three backends, the choice among them, and the field that the engine drives.
"""
