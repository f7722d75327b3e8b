"""
The folder's own name, which the states of a checkout have from before 2026-11-29: `components.zot.api_key`.

A state has the import path of each provider. Each module below that name is the one of ours, so that there is one copy
of what a run remembers, whichever name a state asks for. Whatever is made anew has our name.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

OURS = "zot_ci"


class _SameModule(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """
    Finds a module below the other name where it is found below ours.
    """

    def __init__(self, name: str) -> None:
        self._prefix = f"{name}."
        # Each module's own spec, by its other name: four threads of the engine may import at once.
        self._own: dict[str, ModuleSpec | None] = {}

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """
        Return a spec for a module below the other name.
        """
        return importlib.util.spec_from_loader(fullname, self) if fullname.startswith(self._prefix) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """
        Return the module that is there already, or is now.
        """
        module = importlib.import_module(f"{OURS}.{spec.name.removeprefix(self._prefix)}")
        self._own[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """
        Give it back its own spec, over which the import has written another; it has run already.
        """
        if module.__spec__ is not None:
            module.__spec__ = self._own[module.__spec__.name]


def alias(name: str) -> None:
    """
    Let every module below *name* be ours.
    """
    sys.meta_path.insert(0, _SameModule(name))
