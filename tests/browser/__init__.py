"""
Pages as a browser shows them: the documentation site and the report.
"""
