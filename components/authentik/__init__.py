"""
authentik: the service account, and how the server is asked.
"""
