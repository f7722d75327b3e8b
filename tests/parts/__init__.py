"""
A part that is away for a whole run, gone, or moved, under the real engine: `make parts`.
"""
