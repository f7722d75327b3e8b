"""
An alias for the package's modules: states of a checkout from before 2026-11-29 have import paths with the folder's
name, such as `components.zot.api_key`.

A state has the import path of each provider. Each module below the alias is the same module as ours, so there is one
copy of what a run remembers, whichever path a state has. New resources get our name.
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
    Finds our module for a module below the alias.
    """

    def __init__(self, name: str) -> None:
        self._prefix = f"{name}."
        # Each module's own spec, by its alias: four threads of the engine may import at once.
        self._own: dict[str, ModuleSpec | None] = {}

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """
        Return a spec for a module below the alias.
        """
        return importlib.util.spec_from_loader(fullname, self) if fullname.startswith(self._prefix) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """
        Return our module, imported if necessary.
        """
        module = importlib.import_module(f"{OURS}.{spec.name.removeprefix(self._prefix)}")
        self._own[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """
        Restore the module's own spec, which the import has overwritten. The module has run already.
        """
        if module.__spec__ is not None:
            module.__spec__ = self._own[module.__spec__.name]


def alias(name: str) -> None:
    """
    Make *name* an alias of this package.
    """
    sys.meta_path.insert(0, _SameModule(name))
