"""
Any sequence of what happens to an estate, against the providers and the embedded systems, without the engine.
"""
