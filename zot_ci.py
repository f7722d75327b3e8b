"""
The other name of `components`, for stacks that began with the package: their states hold it.

A state has the import path of each provider. Here the providers are in `components`, in the package in `zot_ci`; each
name leads to the same module, so that there is one copy of what a run remembers, whichever a state asks for.
"""

import importlib
import importlib.abc
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

OTHER, OURS = "zot_ci.", "components."
# Without it nothing could be looked for below this module.
__path__: list[str] = []


class _SameModule(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a module below the other name where it is found below ours."""

    def __init__(self) -> None:
        # Each module's own spec, by its other name: four threads of the engine may import at once.
        self._own: dict[str, ModuleSpec | None] = {}

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Return a spec for a module below the other name."""
        return importlib.util.spec_from_loader(fullname, self) if fullname.startswith(OTHER) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that is there already, or is now."""
        module = importlib.import_module(OURS + spec.name.removeprefix(OTHER))
        self._own[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give it back its own spec, over which the import has written another; it has run already."""
        if module.__spec__ is not None:
            module.__spec__ = self._own[module.__spec__.name]


sys.meta_path.insert(0, _SameModule())
