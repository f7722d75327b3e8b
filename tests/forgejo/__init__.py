"""
Forgejo: the client, the canary, and the Actions secret that the engine drives.
"""
