"""
The Actions secret that CI reads the key from, in one repository, organization or user account of a
Forgejo or Gitea server.

A secret's value can never be read, so an overwritten one cannot be seen. Every `up` therefore publishes the key again,
also where the resource is kept as it is: that is `republication.py`'s work, in the program's process. What can be seen
is that the secret is gone, or was deleted and made again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from ..dynamic.provider import Props, Provider, changed, differences, given, inputs_of, key_in
from ..dynamic.run_memory import MEMORY, Holder, Identity
from ..http.errors import UnexpectedAnswerError
from ..rotation import CURRENT
from ..settings.place import Place
from ..settings.reference import StoredToken
from .api import Forgejo, forgejo_at

_log = logging.getLogger(__name__)

_OWNER = {"repository": "the repository", "organization": "the organization"}
_PLACE = ("repository", "organization", "secret")
_UPDATED = ("forgejo_url", "forgejo_token", *_PLACE, "canary", "value", "key_uuid", "condition")


class ActionsSecretProvider(Provider):
    """
    Life cycle of a secret. Its id is `repository/NAME`, or likewise.
    """

    named_by = _PLACE

    def names(self, props: Props) -> list[Identity]:
        """
        Return what the secret is called, which is also what it is: a forge knows nothing else of it.
        """
        return [_place(props).identity]

    def check(self, olds: Props, news: Props) -> CheckResult:
        """
        Note that the program has this secret, and that it is kept unless something is written later in this run.
        """
        MEMORY.note_kept(_place(news).identity, kept=bool(olds))
        return super().check(olds, news)

    def create(self, props: Props) -> CreateResult:
        """
        Publish the key under that name; a secret of that name is taken over.
        """
        return CreateResult(_place(props).name, self._publish(props, MEMORY.new_mark()))

    def read(self, id_: str, props: Props) -> ReadResult:
        """
        Look whether the secret is there, and is the one that was published. Read-only.
        """
        outs, place = dict(props), _place(props)
        if place.kind == "user":
            # A user's own secrets cannot be listed, so nothing is asked.
            return ReadResult(id_, outs, inputs_of(outs, _UPDATED))
        secret = _forgejo(props).secret(place)
        if secret is None:
            outs["condition"] = f"gone: {_OWNER[place.kind]} has no such secret any more"
        elif secret.created_at != datetime.fromisoformat(props["created_at"]):
            outs["condition"] = f"deleted and made again elsewhere on {secret.created_at:%Y-%m-%d %H:%M}"
        else:
            outs["condition"] = _canary_condition(props)
        return ReadResult(id_, outs, inputs_of(outs, _UPDATED))

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another owner or name is another secret; the same one in other letters is not, since the server takes names
        without case.
        """
        _note(olds)
        self.report(news, _place(olds).thing, [] if olds["condition"] == CURRENT else [olds["condition"]])
        result = differences(olds, news, update=_UPDATED)
        replaces = changed(olds, news, _PLACE)
        if replaces and self._known_names(news) == self.names(olds):
            replaces = []
        return DiffResult(result.changes, replaces, delete_before_replace=False)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Publish the key again. At another URL the secret is written there and not deleted at the old one: two names of
        one server cannot be told from two servers.
        """
        return UpdateResult(self._publish(news, olds["mark"], proven_before=olds["proven_uuid"]))

    def delete(self, id_: str, props: Props) -> None:
        """
        Delete the secret, unless it is nobody else's by now; one that is gone is no error.
        """
        place, mark = _place(props), props["mark"]
        if MEMORY.is_anothers(place.identity, mark) or MEMORY.has_successor(place.identity, mark):
            # Unless its new owner has published to it, the secret still holds this key.
            MEMORY.note_held(place.identity, str(place), props["key_uuid"], props["mark"])
            _log.info("Forgejo: left secret %s, which is still in the settings", place.name)
            return
        MEMORY.note_cleared(place.identity)
        _forgejo(props).delete(place)
        _log.info("Forgejo: deleted secret %s", place.name)

    def _publish(self, wanted: Props, mark: str, *, proven_before: str = "") -> Props:
        """
        Write the secret, let the canary use it, and return all outputs.

        *proven_uuid* is the key that the place has been seen to work with: until the canary has succeeded, the key
        before this one may not end.
        """
        forgejo, place = _forgejo(wanted), _place(wanted)
        value = key_in(wanted, "value", place.thing)
        MEMORY.note_kept(place.identity, kept=False)
        # Before it is written: the old owner's deletion must leave it, also if this write fails.
        MEMORY.note_holder(place.identity, Holder(mark))
        forgejo.publish(place, value)
        outs = {**wanted, "mark": mark, "created_at": "", "canary_end": "", "proven_uuid": proven_before}
        _note(outs)
        if place.kind != "user":
            secret = forgejo.secret(place)
            if secret is None:
                hint = "look whether something deletes it, then run again"
                msg = f"Forgejo took secret {place.name} and does not list it; {hint}"
                raise UnexpectedAnswerError(msg)
            outs["created_at"] = secret.created_at.isoformat()
            outs["canary_end"] = _ask_canary(forgejo, wanted)
        _log.info("Forgejo: published key %s as %s", wanted["key_uuid"], place.name)
        outs["condition"] = _canary_condition(outs)
        if outs["condition"] == CURRENT:
            outs["proven_uuid"] = wanted["key_uuid"]
        return outs


def _ask_canary(forgejo: Forgejo, wanted: Props) -> str:
    """
    Let a workflow use the secret, where the settings name one, and return how that ended.
    """
    canary = wanted.get("canary")
    if not canary:
        return ""
    repository = wanted["repository"]
    end = forgejo.run_workflow(repository, canary["workflow"], canary["ref"], float(canary["timeout_seconds"]))
    level = logging.INFO if end == "success" else logging.WARNING
    _log.log(level, "Forgejo: canary %s of %s: %s", canary["workflow"], repository, end)
    return end


def _canary_condition(props: Props) -> str:
    """
    Say how the canary ended when the secret was published last; without one there is nothing to say.
    """
    end = props.get("canary_end")
    return CURRENT if end in (None, "", "success") else f"canary {props['canary']['workflow']} ended with {end}"


def _place(props: Props) -> Place:
    return Place.secret(props["secret"], repository=props.get("repository"), organization=props.get("organization"))


def _note(props: Props) -> None:
    place = _place(props)
    MEMORY.note_holder(place.identity, Holder(props["mark"]))
    MEMORY.note_held(place.identity, str(place), props["key_uuid"], props["mark"])


def _forgejo(props: Props) -> Forgejo:
    return forgejo_at(props["forgejo_url"], StoredToken.of(props.get("forgejo_token")))


class ActionsSecret(Resource, module="forgejo", name="ActionsSecret"):
    """
    One Actions secret.

    Args:
        forgejo_url: the server.
        repository, organization: what the secret belongs to, the repository as owner/name; neither for the token's
            own user.
        secret: the secret's name, in upper case.
        value: the key. Secret in the state, as an input and as an output.
        key_uuid: zot's uuid of that key, which may be shown.
        canary: a workflow of the repository that uses the secret and is run after each publication: its `workflow`
            (the file's name), `ref` and `timeout_seconds`.
        token: where the server's token is kept in 1Password, if it is not in the environment.
    """

    value: pulumi.Output[str]
    key_uuid: pulumi.Output[str]
    proven_uuid: pulumi.Output[str]
    mark: pulumi.Output[str]
    condition: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        forgejo_url: pulumi.Input[str],
        repository: pulumi.Input[str] | None,
        organization: pulumi.Input[str] | None,
        secret: pulumi.Input[str],
        value: pulumi.Input[str],
        key_uuid: pulumi.Input[str],
        canary: Mapping[str, Any] | None,
        token: StoredToken | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "forgejo_url": forgejo_url,
            "secret": secret,
            "value": value,
            "key_uuid": key_uuid,
            "condition": CURRENT,
            "proven_uuid": None,
            "mark": None,
            **given(
                repository=repository,
                organization=organization,
                canary=canary,
                forgejo_token=token.as_property if token else None,
            ),
        }
        own = pulumi.ResourceOptions(additional_secret_outputs=["value"])
        super().__init__(ActionsSecretProvider(), resource_name, props, pulumi.ResourceOptions.merge(own, opts))
