"""
The embedded systems against what was recorded and against a real server.
"""
