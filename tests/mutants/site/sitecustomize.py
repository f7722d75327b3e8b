"""
Loads another text of one module than its file has: in a trial itself, and in each Python that a test of it starts,
which imports this file by its name when it begins (PYTHONPATH has this folder then).
"""

from __future__ import annotations

import json
import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType

VARIABLE = "ZOT_CI_TEST_MUTANT"


class _Loader(SourceFileLoader):
    """
    Goes past the bytecode that is kept of the file.
    """

    def __init__(self, module: str, path: str, source: str) -> None:
        super().__init__(module, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, module: str, path: str, source: str) -> None:
        self._module, self._path, self._source = module, path, source

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        return spec_from_file_location(fullname, self._path, loader=_Loader(fullname, self._path, self._source))


def install(described: Path) -> None:
    """
    Install what the JSON file *described* says: `module`, `path` and `source`.
    """
    said = json.loads(described.read_text(encoding="utf-8"))
    sys.meta_path.insert(0, _Finder(said["module"], said["path"], said["source"]))


if os.environ.get(VARIABLE):
    install(Path(os.environ[VARIABLE]))
