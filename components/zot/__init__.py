"""
zot: the API key, how a key is minted, how old keys are revoked, and the registry's client.
"""
