"""
What a person, CI and a monitoring system run on a stack; `stack.py` is the command.
"""
