"""
What happens when a system gives another answer than the one that was hoped for.
"""
