"""
What the five dynamic providers share.

The engine's provider process loads each provider class by its import path, which is also written into the state of
every stack: no provider module or class may move or change its name.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from pulumi.dynamic import CheckResult, ConfigureRequest, DiffResult, ResourceProvider
from pulumi.output import Unknown

from ..http import logs
from ..http.errors import NotFoundError
from ..rotation import CURRENT
from ..settings.model import named_fields
from . import one_line
from .run_memory import MEMORY, Identity

_log = logging.getLogger(__name__)

# What the engine hands to a provider and gets back.
Props = dict[str, Any]

# The engine's calls of a provider.
_CALLS = ("configure", "check", "diff", "create", "read", "update", "delete")


class Provider(ResourceProvider):
    """
    A provider that reports changes in one line each, and errors in one line alone.

    *named_by* are the properties that *names* looks at.
    """

    named_by: tuple[str, ...]

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if one_line.is_wanted(sys.orig_argv):
            for name in _CALLS:
                setattr(cls, name, one_line.without_what_led_to_it(getattr(cls, name)))

    def configure(self, req: ConfigureRequest) -> None:
        """
        Set up this process's log, and note which fields the settings name.

        Nothing else is taken from *req*: on a refresh it holds the configuration of the last run. Whatever a resource
        needs is an input.
        """
        logs.set_up()
        one_line.set_up()
        MEMORY.note_named_fields(named_fields(req.config.get))

    def check(self, olds: Props, news: Props) -> CheckResult:
        """
        Note that the program has this resource. Nothing is changed in *news*, so that a saved plan fits.
        """
        for name in self._known_names(news):
            MEMORY.want(name)
        return CheckResult(news, [])

    def names(self, props: Props) -> list[Identity]:
        """
        Return what the resource's settings call the things that it manages.
        """
        raise NotImplementedError

    def _known_names(self, props: Props) -> list[Identity]:
        # In a preview, another program's settings can come from a resource that does not exist yet.
        unknown = any(isinstance(props.get(name), Unknown) for name in self.named_by)
        return [] if unknown else self.names(props)

    def report(self, props: Props, what: str, sentences: Iterable[str]) -> None:
        """
        Log each of the *sentences* about *what*, since a preview without `--diff` shows no values.

        Only for what the program still has: a refresh also calls `diff`, before `check`, and for replaced instances
        whose deletion is pending.
        """
        names = self._known_names(props)
        if names and all(MEMORY.is_wanted(name) for name in names):
            for sentence in sentences:
                _log.warning("%s: %s", what, sentence)


def key_in(props: Mapping[str, Any], name: str, what: str) -> str:
    """
    Return the key that is the property *name* of *what*.

    Raises:
        NotFoundError: there is none: a run for chosen targets left the key's own resource out before it was made.
    """
    if name not in props:
        hint = "this run left its ApiKey out: run `pulumi up` without --target or --exclude"
        msg = f"there is no key for {what} yet; {hint}"
        raise NotFoundError(msg)
    key: str = props[name]
    return key


def changed(olds: Mapping[str, Any], news: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """
    Return which of the properties *names* differ. A value that is not known yet, in a preview, differs.
    """
    return [name for name in names if olds.get(name) != news.get(name)]


def differences(
    olds: Mapping[str, Any], news: Mapping[str, Any], *, update: tuple[str, ...], replace: tuple[str, ...] = ()
) -> DiffResult:
    """
    Compare what the last refresh recorded with what the program wants; no clock, no network.

    Args:
        update: properties that are changed in place.
        replace: properties that make another thing of it. The new one is created before the old one is deleted.
    """
    replaces = changed(olds, news, replace)
    changes = bool(replaces or changed(olds, news, update) or olds.get("condition") != CURRENT)
    return DiffResult(changes=changes, replaces=replaces, delete_before_replace=False)


def given(**properties: Any) -> Props:
    """
    Return those of the *properties* that the settings name. An absent one is no property at all, as in older states.
    """
    return {name: value for name, value in properties.items() if value is not None}


def inputs_of(outs: Mapping[str, Any], names: tuple[str, ...]) -> Props:
    """
    Return the part of *outs* that are inputs, for a read: the engine compares the program's inputs with these.
    """
    return {name: outs[name] for name in names if name in outs}
