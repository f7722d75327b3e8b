"""
The settings in a stack file, and their rules.
"""
