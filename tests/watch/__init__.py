"""
scripts/watch/: from the engine's output to one document, and from that to every text.
"""
