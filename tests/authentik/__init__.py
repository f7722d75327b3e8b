"""
authentik: the client, its permissions, and the account that the engine drives.
"""
