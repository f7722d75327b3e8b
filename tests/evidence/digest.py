"""
A short name of the code of `components/`, without its comments and docstrings: what was measured of other code is old.
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ROOT / "components"
# As many as git shows of a commit in a large repository.
_DIGITS = 12


def digest(folder: Path = CODE) -> str:
    """
    Return twelve hexadecimal digits that change with the code below *folder*: with any name, value or file, and not
    with comments, docstrings or the way in which lines are broken.
    """
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_bytes())
        whole.update(f"{path.relative_to(folder).as_posix()}\n{_dumped(_without_docstrings(tree))}\n".encode())
    return whole.hexdigest()[:_DIGITS]


def _without_docstrings(tree: ast.AST) -> ast.AST:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                del node.body[0]
    return tree


def _dumped(value: object) -> str:
    """
    Return what `ast.dump` would, but the same for every Python: newer ones have fields more, which are empty here, and
    `ast.dump` leaves out others.
    """
    if isinstance(value, ast.Constant):
        return repr(value.value)
    if isinstance(value, ast.AST):
        fields = [(name, found) for name, found in ast.iter_fields(value) if found is not None and found != []]
        return f"{type(value).__name__}({', '.join(f'{name}={_dumped(found)}' for name, found in fields)})"
    if isinstance(value, list):
        return f"[{', '.join(map(_dumped, value))}]"
    return repr(value)
