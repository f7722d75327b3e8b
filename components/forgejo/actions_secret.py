"""
The Actions secret that CI reads the key from, in one repository, organization or user account of a
Forgejo or Gitea server.

A secret's value can never be read, so an overwritten one cannot be seen. Every `up` therefore publishes the key again,
also where the resource is kept as it is: that is `republication.py`'s work, in the program's process. What can be seen
is that the secret is gone, or was deleted and made again; on Gitea also, by a mark in its description, that another
program has published to it (`description.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, Resource, UpdateResult

from ..dynamic.claims import Claim, Identity, Release
from ..dynamic.errors import CollisionError
from ..dynamic.findings import Findings
from ..dynamic.held_key import holds, key_in, refuse_a_dead_key
from ..dynamic.provider import Props, Provider, changed, differences, given
from ..dynamic.run import RUN, Fault, Kept
from ..dynamic.state_shape import numbered
from ..http.errors import MovedError, SystemMovedError
from ..rotation import CURRENT
from ..settings.place import Place
from ..settings.reference import StoredToken
from ..settings.server import ForgejoServer
from .api import Forgejo, forgejo_at
from .canary_run import ask_canary, canary_condition
from .description import mark_in, mark_of
from .first_look import look
from .secret_facts import condition_of_secret, described, identities_of, not_listed, number_in, place_of

_log = logging.getLogger(__name__)

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
        return [place_of(props).identity]

    def check(self, olds: Props, news: Props) -> CheckResult:
        """
        Note that the program has this secret, and that it is kept unless something is written later in this run.
        """
        RUN.note(Kept(place_of(news).identity, bool(olds)))
        return super().check(olds, news)

    def create(self, props: Props) -> CreateResult:
        """
        Publish the key under that name; a secret of that name is taken over.
        """
        return CreateResult(place_of(props).name, self._publish(props, RUN.claims.new_mark(), None))

    def called(self, props: Props) -> str:
        """
        Return what messages call the secret.
        """
        return place_of(props).thing

    def first_look(self, found: Findings, props: Props) -> None:
        """
        Look for the repository, organization or user, and for the secret.
        """
        look(found, _forgejo(props), place_of(props), number_in(props, _CONFIRMED))

    def observe(self, props: Props) -> Props:
        """
        Look whether the repository is the one that it was, and whether the secret is there, and is the one that was
        published. Read-only.
        """
        place, forgejo = place_of(props), _forgejo(props)
        owner = forgejo.owner(place)
        known = number_in(props, "owner_id")
        if known not in (None, owner.id):
            confirm = f"if it is meant, put `id: {owner.id}` beside its name in the stack file"
            return {
                "condition": f"another {place.kind} has that name now, number {owner.id} and not {known}: {confirm}"
            }
        return {"owner_id": owner.id, "condition": condition_of_secret(forgejo, place, props)}

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another owner or name is another secret; the same one in other letters is not, since the server takes names
        without case.
        """
        RUN.note(*_claims(olds))
        result = differences(olds, news, update=_UPDATED)
        confirmed = number_in(news, _CONFIRMED)
        changes = result.changes or confirmed not in (None, number_in(olds, "owner_id"))
        replaces = changed(olds, news, _PLACE)
        if replaces and self._known_names(news) == self.names(olds):
            replaces = []
        if not replaces and olds["condition"] != CURRENT:
            self.report(news, place_of(olds).thing, [olds["condition"]])
        if changes:
            # Also if the engine then leaves it out, because what it depends on has failed.
            RUN.note(Kept(place_of(news).identity, False))
        return DiffResult(changes, replaces, delete_before_replace=False)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Publish the key again. At another URL the secret is written there and not deleted at the old one: two names of
        one server cannot be told from two servers.
        """
        RUN.note(Fault(place_of(olds).thing, ""))
        known, before, proven = number_in(olds, "owner_id"), olds["key_uuid"], olds["proven_uuid"]
        outs = self._publish(news, olds["mark"], known, key_before=before, proven_before=proven)
        return UpdateResult(given(proof=olds.get("proof")) | outs)

    def delete(self, id_: str, props: Props) -> None:
        """
        Delete the secret, unless another resource has it by now; a secret that is gone is no error.

        The successor may call it by another name: a repository that was renamed is the same one.
        """
        place, mark = place_of(props), props["mark"]
        if RUN.claims.are_anothers(identities_of(props), mark):
            # Unless its new owner has published to it, the secret still holds this key.
            RUN.note(*_claims(props))
            _log.info("Forgejo: left secret %s, which is still in the settings", place.name)
            return
        RUN.note(Release(place.identity, mark))
        with self.letting_go(props, place.thing, f"delete it by hand: {holds(props)}"):
            if self._delete(props, place):
                _log.info("Forgejo: deleted secret %s", place.name)
            else:
                _log.info("Forgejo: no secret %s to delete any more", place.name)

    def _delete(self, props: Props, place: Place) -> bool:
        try:
            return _forgejo(props).delete(place)
        except SystemMovedError:
            raise
        except MovedError as exc:
            if RUN.claims.program_has(place.moved_to(exc.new_name).identity):
                hint = f"it is that of {exc.new_name} now, which is in the settings"
                _log.info("Forgejo: left secret %s: %s", place.name, hint)
                return True
            raise

    def _publish(
        self, wanted: Props, mark: str, known: int | None, *, key_before: str = "", proven_before: str = ""
    ) -> Props:
        """
        Write the secret, let the canary use it, and return all outputs. *known* is the number of the repository, or
        other owner, that it was published to before, and *key_before* the uuid of the key that was.

        *proven_uuid* is the key that the place has been seen to work with: until the canary has succeeded, the key
        before this one may not end.
        """
        place = place_of(wanted)
        # Written here or not at all: also where this fails.
        RUN.note(Kept(place.identity, False))
        forgejo = _forgejo(wanted)
        value = key_in(wanted, "value", place.thing)
        refuse_a_dead_key(wanted, place.thing)
        # Before it is written: the old owner's deletion must leave it, also if this write fails.
        RUN.note(Claim(place.identity, mark))
        confirmed = number_in(wanted, _CONFIRMED)
        try:
            owner_id = forgejo.insist_on(place, known if confirmed is None else confirmed)
            before = forgejo.publish(place, value, wanted["key_uuid"])
        except SystemMovedError:
            raise
        except MovedError as exc:
            renamed = place.moved_to(exc.new_name)
            if RUN.claims.program_has(renamed.identity):
                msg = f"{place.thing} and {renamed.thing} are the same secret: the {place.kind} moved; name it once"
                raise CollisionError(msg) from None
            raise
        outs = {**wanted, "mark": mark, "created_at": "", "canary_end": "", "proven_uuid": proven_before}
        outs["owner_id"] = owner_id
        RUN.note(*_claims(outs))
        if place.kind != "user":
            # A server that has kept a mark of ours keeps the next one, which is as long: else it is looked up.
            kept = before.description is None or (
                bool(key_before) and mark_in(before.description) == mark_of(key_before)
            )
            secret = forgejo.published(place, afresh=not kept)
            if secret is None:
                raise not_listed(place, forgejo.names(place) - before.names if not before.page else set())
            outs["created_at"] = secret.created_at.isoformat()
            outs |= described(secret, wanted["key_uuid"], place)
            outs["canary_end"] = ask_canary(forgejo, wanted)
            if outs["canary_end"] == "success":
                # For people: `status` shows it. *proven_uuid* is also that of a place without a canary.
                outs["proof"] = {"key_uuid": wanted["key_uuid"], "at": datetime.now(UTC).isoformat(timespec="seconds")}
        _log.info("Forgejo: published key %s as %s", wanted["key_uuid"], place.name)
        outs["condition"] = canary_condition(outs)
        if outs["condition"] == CURRENT:
            outs["proven_uuid"] = wanted["key_uuid"]
        return outs


def _claims(props: Props) -> list[Claim]:
    """
    Return what an instance has, by name and by number; it is by its name that a secret holds a key.
    """
    by_name, *by_number = identities_of(props)
    held = Claim(by_name, props["mark"], props["key_uuid"], str(place_of(props)))
    return [held, *(Claim(identity, props["mark"]) for identity in by_number)]


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
        canary: a workflow of the repository that uses the secret: its `workflow` (the file's name), `ref` and
            `timeout_seconds`. It is run after each create and update of this resource, and not when
            `republication.py` writes a kept secret again.
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
            **numbered(),
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
