"""
What the five dynamic providers share.

The engine's provider process loads each provider class by its import path, which is also written into the state of
every stack: no provider module or class may move or change its name.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from pulumi.dynamic import ConfigureRequest, DiffResult, ResourceProvider

from ..http import logs
from ..rotation import CURRENT

_log = logging.getLogger(__name__)

# What the engine hands to a provider and gets back.
Props = dict[str, Any]


class Provider(ResourceProvider):
    """
    A provider that reports changes in one line each, and errors in one line alone.
    """

    def configure(self, req: ConfigureRequest) -> None:
        """
        Set up this process's log. Nothing is read from *req*: on a refresh it holds the configuration of the last run.
        """
        logs.set_up()


def report_drift(what: str, before: Mapping[str, Any], after: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """
    Say in the log what a read found out of line; a preview without `--diff` shows no values. Nothing when all is well.
    """
    if after.get("condition", CURRENT) != CURRENT:
        _log.warning("%s: %s", what, after["condition"])
    for name in changed(before, after, names):
        _log.warning("%s: %s is %s, was %s", what, name, after.get(name), before.get(name))


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
