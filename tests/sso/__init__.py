"""
Single sign-on, against stand-ins for the two vendors' plugins.
"""
