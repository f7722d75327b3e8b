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
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, Resource, UpdateResult

from ..dynamic.behind import BEHIND
from ..dynamic.findings import Findings
from ..dynamic.held_key import holds, key_in, refuse_a_dead_key
from ..dynamic.provider import Props, Provider, changed, differences, given
from ..dynamic.run_memory import MEMORY, Holder, Identity
from ..dynamic.told import TOLD
from ..dynamic.trouble import GONE
from ..http.errors import CollisionError, MovedError, UnexpectedAnswerError
from ..rotation import CURRENT, to_the_minute
from ..settings.place import Place
from ..settings.reference import StoredToken
from ..settings.server import ForgejoServer
from .api import Forgejo, forgejo_at
from .first_look import look

_log = logging.getLogger(__name__)

_OWNER = {"repository": "the repository", "organization": "the organization"}
_PLACE = ("server", "repository", "organization", "secret")
# The stack file's word for which repository is meant. One that was confirmed once is recorded, and the word may go.
_CONFIRMED = "confirmed_id"
_UPDATED = ("forgejo_url", "forgejo_token", *_PLACE, "canary", "value", "key_uuid", "condition")


class ActionsSecretProvider(Provider):
    """
    Life cycle of a secret. Its id is `repository/NAME`, or likewise.
    """

    named_by = _PLACE
    inputs = (*_UPDATED, _CONFIRMED)
    server = "forgejo_url"

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
        return CreateResult(_place(props).name, self._publish(props, MEMORY.new_mark(), None))

    def called(self, props: Props) -> str:
        """
        Return what messages call the secret.
        """
        return _place(props).thing

    def first_look(self, found: Findings, props: Props) -> None:
        """
        Look for the repository, organization or user, and for the secret.
        """
        look(found, _forgejo(props), _place(props), _number(props, _CONFIRMED))

    def observe(self, props: Props) -> Props:
        """
        Look whether the repository is the one that it was, and whether the secret is there, and is the one that was
        published. Read-only.
        """
        place, forgejo = _place(props), _forgejo(props)
        owner = forgejo.owner(place)
        known = _number(props, "owner_id")
        if known not in (None, owner.id):
            confirm = f"if it is meant, put `id: {owner.id}` beside its name in the stack file"
            return {
                "condition": f"another {place.kind} has that name now, number {owner.id} and not {known}: {confirm}"
            }
        return {"owner_id": owner.id, "condition": _secret_condition(forgejo, place, props)}

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another owner or name is another secret; the same one in other letters is not, since the server takes names
        without case.
        """
        _note(olds)
        result = differences(olds, news, update=_UPDATED)
        confirmed = _number(news, _CONFIRMED)
        changes = result.changes or confirmed not in (None, _number(olds, "owner_id"))
        replaces = changed(olds, news, _PLACE)
        if replaces and self._known_names(news) == self.names(olds):
            replaces = []
        if not replaces and olds["condition"] != CURRENT:
            self.report(news, _place(olds).thing, [olds["condition"]])
        if changes:
            # Also if the engine then leaves it out, because what it depends on has failed.
            MEMORY.note_kept(_place(news).identity, kept=False)
        return DiffResult(changes, replaces, delete_before_replace=False)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Publish the key again. At another URL the secret is written there and not deleted at the old one: two names of
        one server cannot be told from two servers.
        """
        TOLD.note_fault(_place(olds).thing, "")
        known = _number(olds, "owner_id")
        return UpdateResult(self._publish(news, olds["mark"], known, proven_before=olds["proven_uuid"]))

    def delete(self, id_: str, props: Props) -> None:
        """
        Delete the secret, unless it is nobody else's by now; one that is gone is no error.

        The successor may call it by another name: a repository that was renamed is the same one.

        Raises:
            NotYetError: the state needs this place for a sweep that this run has left out.
        """
        place, mark = _place(props), props["mark"]
        BEHIND.refuse_deletion(place)
        succeeded = any(MEMORY.has_successor(identity, mark) for identity in _identities(props))
        if MEMORY.is_anothers(place.identity, mark) or succeeded:
            # Unless its new owner has published to it, the secret still holds this key.
            MEMORY.note_held(place.identity, str(place), props["key_uuid"], props["mark"])
            _log.info("Forgejo: left secret %s, which is still in the settings", place.name)
            return
        MEMORY.note_cleared(place.identity)
        with self.letting_go(props, place.thing, f"delete it by hand: {holds(props)}"):
            if self._delete(props, place):
                _log.info("Forgejo: deleted secret %s", place.name)
            else:
                _log.info("Forgejo: no secret %s to delete any more", place.name)

    def _delete(self, props: Props, place: Place) -> bool:
        try:
            return _forgejo(props).delete(place)
        except MovedError as exc:
            if MEMORY.is_wanted(place.in_repository(exc.new_name).identity):
                hint = f"it is that of {exc.new_name} now, which is in the settings"
                _log.info("Forgejo: left secret %s: %s", place.name, hint)
                return True
            raise

    def _publish(self, wanted: Props, mark: str, known: int | None, *, proven_before: str = "") -> Props:
        """
        Write the secret, let the canary use it, and return all outputs. *known* is the number of the repository, or
        other owner, that it was published to before.

        *proven_uuid* is the key that the place has been seen to work with: until the canary has succeeded, the key
        before this one may not end.
        """
        place = _place(wanted)
        # Written here or not at all: also where this fails.
        MEMORY.note_kept(place.identity, kept=False)
        forgejo = _forgejo(wanted)
        value = key_in(wanted, "value", place.thing)
        refuse_a_dead_key(wanted, place.thing)
        # Before it is written: the old owner's deletion must leave it, also if this write fails.
        MEMORY.note_holder(place.identity, Holder(mark))
        confirmed = _number(wanted, _CONFIRMED)
        try:
            owner_id = forgejo.insist_on(place, known if confirmed is None else confirmed)
            forgejo.publish(place, value)
        except MovedError as exc:
            renamed = place.in_repository(exc.new_name)
            if MEMORY.is_wanted(renamed.identity):
                msg = f"{place.thing} and {renamed.thing} are the same secret: the repository moved; name it once"
                raise CollisionError(msg) from None
            raise
        outs = {**wanted, "mark": mark, "created_at": "", "canary_end": "", "proven_uuid": proven_before}
        outs["owner_id"] = owner_id
        _note(outs)
        if place.kind != "user":
            secret = forgejo.published(place)
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
    return Place.secret(
        props["secret"],
        repository=props.get("repository"),
        organization=props.get("organization"),
        server=props.get("server") or "",
    )


def _secret_condition(forgejo: Forgejo, place: Place, props: Props) -> str:
    if place.kind == "user":
        # A user's own secrets cannot be listed.
        return _canary_condition(props)
    secret = forgejo.secret(place)
    if secret is None:
        return f"{GONE}{_OWNER[place.kind]} has no such secret any more"
    if secret.created_at != datetime.fromisoformat(props["created_at"]):
        return f"deleted and made again elsewhere on {to_the_minute(secret.created_at)}"
    return _canary_condition(props)


def _number(props: Props, name: str) -> int | None:
    """
    Return a whole number, which the engine hands over as a float; None where there is none.
    """
    value = props.get(name)
    return None if value is None else int(value)


def _identities(props: Props) -> list[Identity]:
    """
    Return what tells this secret from others: its name, and the number of what it belongs to, which outlives a name.
    """
    place, owner_id = _place(props), _number(props, "owner_id")
    by_number = ("secret", props["forgejo_url"], place.kind, str(owner_id), place.path[-1].upper())
    return [place.identity] if owner_id is None else [place.identity, by_number]


def _note(props: Props) -> None:
    place = _place(props)
    for identity in _identities(props):
        MEMORY.note_holder(identity, Holder(props["mark"]))
    MEMORY.note_held(place.identity, str(place), props["key_uuid"], props["mark"])


def _forgejo(props: Props) -> Forgejo:
    token = StoredToken.of(props.get("forgejo_token"))
    return forgejo_at(ForgejoServer(props["forgejo_url"], props.get("server") or "", token))


class ActionsSecret(Resource, module="forgejo", name="ActionsSecret"):
    """
    One Actions secret.

    Args:
        forgejo_url: the server.
        server: its name, where the settings know several; two servers' secrets are two places, whatever their URLs.
        repository, organization: what the secret belongs to, the repository as owner/name; neither for the token's
            own user.
        secret: the secret's name, in upper case.
        value: the key. Secret in the state, as an input and as an output.
        key_uuid: zot's uuid of that key, which may be shown.
        confirmed_id: the number of the repository, organization or user that is meant, where another one has its name
            by now; the number is recorded, so that it need not stay.
        canary: a workflow of the repository that uses the secret and is run after each publication: its `workflow`
            (the file's name), `ref` and `timeout_seconds`.
        token: where the server's token is kept in 1Password, if it is not in the environment.
    """

    value: pulumi.Output[str]
    key_uuid: pulumi.Output[str]
    proven_uuid: pulumi.Output[str]
    mark: pulumi.Output[str]
    owner_id: pulumi.Output[float | None]
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
        server: str = "",
        confirmed_id: int | None = None,
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
            "owner_id": None,
            **given(
                server=server or None,
                confirmed_id=confirmed_id,
                repository=repository,
                organization=organization,
                canary=canary,
                forgejo_token=token.as_property if token else None,
            ),
        }
        own = pulumi.ResourceOptions(additional_secret_outputs=["value"])
        super().__init__(ActionsSecretProvider(), resource_name, props, pulumi.ResourceOptions.merge(own, opts))
