"""
zot: the client, the sign-in, minting, and the two resources that the engine drives.
"""
