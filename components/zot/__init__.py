"""
zot: the API key and the end of old ones, how a key is made, and how the registry is asked.
"""
