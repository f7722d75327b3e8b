"""
The places of a file that can be changed, and a change of each, by mutmut's operators.

Its runner is not used: it changes nothing outside functions and nothing in a decorated one, since it keeps all changes
of a function side by side in one file. Here each mutant is a text of the whole file, so that constants, class bodies
and decorated functions are changed as well.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import libcst
from mutmut.mutation.file_mutation import Mutation, MutationVisitor, deep_replace
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

ROOT = Path(__file__).resolve().parents[2]
# What a key's life hangs on.
TARGETS = (
    "components/dynamic/*.py",
    "components/zot/*.py",
    "components/rotation.py",
    "components/registry_credential.py",
    "components/authentik/service_account.py",
    "components/onepassword/item_field.py",
    "components/forgejo/actions_secret.py",
)


@dataclass(frozen=True)
class Mutant:
    """
    One change.

    Args:
        file: the file, by its path in the repository.
        line: the first line that is another one.
        was, becomes: that line before and after, without the white space around it.
        source: the whole file after it.
    """

    file: str
    line: int
    was: str
    becomes: str
    source: str = field(repr=False)

    @property
    def module(self) -> str:
        """
        The import path of the file.
        """
        return self.file.removesuffix(".py").replace("components/", "zot_ci/").replace("/", ".")

    def __str__(self) -> str:
        return f"{self.file}:{self.line}\n    - {self.was}\n    + {self.becomes}"


class _Places(MutationVisitor):  # type: ignore[misc]  # .venv has no mutmut, so that its classes are Any there
    def _skip_node_and_children(self, node: libcst.CSTNode) -> bool:
        """
        Leave out what mutmut leaves out, but for decorated functions, which only its own runner cannot take.
        """
        return not isinstance(node, libcst.FunctionDef) and bool(super()._skip_node_and_children(node))


def places(file: str) -> tuple[libcst.Module, list[list[Mutation]]]:
    """
    Return the file, parsed, and the changes of each of its places.
    """
    text = (ROOT / file).read_text(encoding="utf-8")
    wrapper = libcst.MetadataWrapper(libcst.parse_module(text))
    visitor = _Places(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapper.visit(visitor)
    by_place: dict[int, list[Mutation]] = {}
    for mutation in visitor.mutations:
        by_place.setdefault(id(mutation.original_node), []).append(mutation)
    return wrapper.module, list(by_place.values())


def sample(files: Sequence[str], size: int, seed: int) -> Iterator[Mutant]:
    """
    Yield *size* mutants of the *files*, no two of one place: a smaller sample of the same seed is the beginning of a
    larger one. They are drawn by what they change, so that a sample stays the same, but for a few, as the code goes on:
    a survivor's test is then seen to kill it.
    """
    drawn: list[tuple[bytes, str, libcst.Module, Mutation]] = []
    for file in files:
        module, by_place = places(file)
        seen: Counter[tuple[str, str]] = Counter()
        for changes in by_place:
            ranked = [(_rank(seed, file, module, change, seen), change) for change in changes]
            rank, change = min(ranked, key=lambda one: one[0])
            drawn.append((rank, file, module, change))
    for _, file, module, change in sorted(drawn, key=lambda one: one[0]):
        mutant = _mutant(file, module, change)
        if mutant is not None:
            yield mutant
            size -= 1
            if size <= 0:
                return


def _rank(seed: int, file: str, module: libcst.Module, change: Mutation, seen: Counter[tuple[str, str]]) -> bytes:
    was, becomes = (module.code_for_node(node) for node in (change.original_node, change.mutated_node))
    # The same change at several places of a file.
    seen[was, becomes] += 1
    return hashlib.sha256(json.dumps([seed, file, was, becomes, seen[was, becomes]]).encode()).digest()


def _mutant(file: str, module: libcst.Module, mutation: Mutation) -> Mutant | None:
    """
    Return the mutant, None if it is no Python or the same program.
    """
    changed = deep_replace(module, mutation.original_node, mutation.mutated_node)
    before, after = module.code, changed.code
    try:
        if ast.dump(ast.parse(before)) == ast.dump(ast.parse(after)):
            return None
        compile(after, file, "exec", dont_inherit=True)
    except SyntaxError:
        return None
    was, becomes = before.splitlines(), after.splitlines()
    pairs = enumerate(zip(was, becomes, strict=False), start=1)
    line, (old, new) = next((number, pair) for number, pair in pairs if pair[0] != pair[1])
    return Mutant(file, line, old.strip(), new.strip(), after)


def targets() -> list[str]:
    """
    Return every file that is to be changed.
    """
    return sorted(str(path.relative_to(ROOT)) for pattern in TARGETS for path in ROOT.glob(pattern))
