"""
Every command of the engine by every state: "no command of the engine takes CI's key away".
"""
