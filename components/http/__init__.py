"""
HTTP for every system: one client, its errors and credentials. No vendor and no Pulumi here.
"""
