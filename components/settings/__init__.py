"""
What a user writes into a stack file, and how it is checked.
"""
