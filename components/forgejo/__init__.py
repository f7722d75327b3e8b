"""
Forgejo or Gitea: the Actions secret, and how the server is asked.
"""
