"""
The Actions secret that CI reads the key from, in one repository, organization or user account of a
Forgejo or Gitea server.

A secret's value can never be read, so nobody can see that it was overwritten. Every `up` therefore publishes the key
again, even if the resource is unchanged: `republication.py` does that in the program's process. Visible are a deleted
secret, one that was deleted and created again, and on Gitea, by a mark in the description, that another program has
published to it (`description.py`).
"""

from __future__ import annotations

import logging
from copy import copy
from datetime import UTC, datetime

import pulumi
from msgspec.structs import asdict
from pulumi.dynamic import DiffResult

from ..dynamic.claims import Claim, Release
from ..dynamic.entries import Fault, OwnerSeen, SecretUnchanged
from ..dynamic.errors import CollisionError
from ..dynamic.findings import Findings
from ..dynamic.held_key import holds, insist_on_a_key, refuse_a_dead_key, refuse_an_unchecked_key
from ..dynamic.managed import Managed
from ..dynamic.provider import Provider, differences
from ..dynamic.reporting import deleting, report
from ..dynamic.run import RUN
from ..http.errors import MovedError, SystemMovedError
from ..rotation import CURRENT
from ..settings.server import ForgejoServer
from .api import Forgejo, forgejo_at
from .canary_run import ask_canary, canary_condition
from .description import mark_in, mark_of
from .first_look import look
from .secret_facts import condition_of_secret, described, not_listed
from .state import Proof, SecretState, SecretWanted, secret_at, secret_named

_log = logging.getLogger(__name__)


class ActionsSecretProvider(Provider[SecretWanted, SecretState]):
    """
    Life cycle of a secret. Its id is its place's name, such as `owner/repository/NAME`.
    """

    wanted = SecretWanted
    state = SecretState

    def checked(self, wanted: SecretWanted, *, is_new: bool) -> None:
        """
        Note that the secret stays as it is, unless this run writes it later.
        """
        RUN.note(*(SecretUnchanged(name, not is_new) for name in wanted.known_names))

    def make(self, wanted: SecretWanted) -> tuple[str, SecretState]:
        """
        Publish the key under that name; an existing secret of that name is adopted.
        """
        mark = RUN.claims.new_mark()
        # Another resource's deletion must see it, whatever fails here.
        RUN.note(Claim(secret_named(wanted.place), mark))
        return wanted.place.name, self._publish(wanted, mark)

    def first_look(self, found: Findings, wanted: SecretWanted) -> None:
        """
        Look for the repository, organization or user, and for the secret.
        """
        look(found, _forgejo(wanted), wanted.place, _owner_id(wanted))

    def observe(self, state: SecretState) -> SecretState:
        """
        Check that the repository is the same as before, and that the secret exists and is the published one. Read-only.
        """
        place, forgejo, found = state.place, _forgejo(state), copy(state)
        owner = forgejo.owner(place)
        if state.owner_id not in (None, owner.id):
            confirm = f"if it is meant, set `id: {owner.id}` beside its name in the settings"
            numbers = f"number {owner.id} and not {state.owner_id}"
            found.condition = f"another {place.kind} has that name now, {numbers}: {confirm}"
            return found
        found.owner_id, found.condition = owner.id, condition_of_secret(forgejo, state)
        return found

    def compare(self, olds: SecretState, news: SecretWanted) -> DiffResult:
        """
        A new owner or name means another secret. A difference in upper and lower case does not, since the server
        ignores case.
        """
        RUN.note(*olds.claims)
        for one, number in ((olds, olds.owner_id), (news, news.confirmed_id)):
            if number is not None:
                RUN.note(OwnerSeen(one.owner, number))
        result = differences(olds, news)
        result.changes = result.changes or news.confirmed_id not in (None, olds.owner_id)
        if result.replaces and news.known_names == olds.names:
            result.replaces = []
        if not result.replaces and olds.condition != CURRENT:
            report(news, olds.thing, [olds.condition])
        if result.changes:
            # This also holds if the engine leaves the secret out later, because a resource that it depends on failed.
            RUN.note(*(SecretUnchanged(name, False) for name in news.known_names))
        return result

    def change(self, olds: SecretState, news: SecretWanted) -> SecretState:
        """
        Publish the key again. After a change of the URL the secret is written there and not deleted at the old URL,
        since both may be names of one server.
        """
        RUN.note(Fault(olds.thing, ""))
        return self._publish(news, olds.mark, olds)

    def remove(self, state: SecretState) -> None:
        """
        Delete the secret, unless another resource owns it now, perhaps by the new name of a renamed repository. A
        missing secret is no error.
        """
        place, mark = state.place, state.mark
        if RUN.claims.belong_to_another(state.identities, mark):
            # The secret holds this key until its new resource publishes to it.
            RUN.note(*state.claims)
            _log.info("Forgejo: left secret %s, which is still in the settings", place.name)
            return
        RUN.note(*(Release(identity, mark) for identity in state.identities))
        named = secret_named(place)
        if RUN.has_left(state.forgejo_url) and (RUN.claims.newest(named) or RUN.claims.program_awaits(named)):
            why = "the settings have a new one of that name at another URL, which may be the same server"
            _log.warning("%s at %s was left: %s; %s", place.thing, state.forgejo_url, why, holds(state.key_uuid))
            return
        with deleting(place.thing, f"delete it by hand: {holds(state.key_uuid)}", state.forgejo_url):
            _delete(_forgejo(state), state)

    def _publish(self, wanted: SecretWanted, mark: str, known: SecretState | None = None) -> SecretState:
        """
        Write the secret, run the canary, and return the state. *known* is the state before.
        """
        place = wanted.place
        # Even if this fails, the program does not publish the secret again in this run.
        RUN.note(SecretUnchanged(place.identity, False))
        forgejo = _forgejo(wanted)
        value = insist_on_a_key(wanted.value, place.thing)
        refuse_a_dead_key(wanted.key_uuid, place.thing)
        # Claim the secret before writing it: the old resource's deletion must leave it alone even if this write fails.
        RUN.note(Claim(place.identity, mark), Claim(secret_at(place, wanted.forgejo_url), mark))
        try:
            owner_id = forgejo.insist_on(place, _owner_id(wanted, known))
            if place.kind == "user" or forgejo.secret(place) is not None:
                # Nobody can read what it holds.
                refuse_an_unchecked_key(wanted.key_uuid, place.thing)
            before = forgejo.publish(place, value, wanted.key_uuid)
        except SystemMovedError:
            raise
        except MovedError as exc:
            renamed = place.moved_to(exc.new_name)
            if RUN.claims.program_has(renamed.identity):
                msg = f"{place.thing} and {renamed.thing} are the same secret: the {place.kind} moved; name it once"
                raise CollisionError(msg) from None
            raise
        state = SecretState(
            **asdict(wanted),
            owner_id=owner_id,
            created_at=None,
            proven_uuid=known.proven_uuid if known else "",
            proof=known.proof if known else None,
            mark=mark,
        )
        RUN.note(*state.claims)
        if place.kind != "user":
            # A server that kept our last mark keeps the next one, which has the same length; otherwise list again.
            mark_before = mark_of(known.key_uuid) if known and known.key_uuid else None
            kept = before.description is None or mark_in(before.description) == mark_before
            secret = forgejo.published(place, afresh=not kept)
            if secret is None:
                raise not_listed(place, forgejo.names(place) - before.names if not before.page else set())
            state.created_at = secret.created_at
            state.described = described(secret, wanted.key_uuid, place)
            state.canary_end = ask_canary(forgejo, wanted)
            if state.canary_end == "success":
                state.proof = Proof(wanted.key_uuid, datetime.now(UTC).replace(microsecond=0))
        _log.info("Forgejo: published key %s as %s", wanted.key_uuid, place.name)
        state.condition = canary_condition(state)
        if state.condition == CURRENT:
            state.proven_uuid = wanted.key_uuid
        return state


def _forgejo(wanted: SecretWanted) -> Forgejo:
    return forgejo_at(ForgejoServer(wanted.forgejo_url, wanted.server, wanted.forgejo_token))


def _owner_id(wanted: SecretWanted, known: SecretState | None = None) -> int | None:
    """
    Return the number that the secret's owner has to have: the confirmed one, or that of the state, where another
    instance may have it; None if none is known.
    """
    if wanted.confirmed_id is not None:
        return wanted.confirmed_id
    if known:
        return known.owner_id
    # A token's own user has no name that another one could take over.
    return None if wanted.place.kind == "user" else RUN.number_of(wanted.owner)


def _delete(forgejo: Forgejo, state: SecretState) -> None:
    """
    Delete the secret, unless it is by now that of another name in the settings, or in a repository of somebody else's.
    """
    place = state.place
    try:
        if state.owner_id is not None and (number := forgejo.any_owner(place).id) != state.owner_id:
            why = f"another {place.kind} has that name now, number {number} and not {state.owner_id}"
            _log.warning("%s was left: %s", place.thing, why)
        elif forgejo.delete(place):
            _log.info("Forgejo: deleted secret %s", place.name)
        else:
            _log.info("Forgejo: no secret %s to delete any more", place.name)
    except SystemMovedError:
        raise
    except MovedError as exc:
        if not RUN.claims.program_has(place.moved_to(exc.new_name).identity):
            raise
        _log.info("Forgejo: left secret %s: it is that of %s now, which is in the settings", place.name, exc.new_name)


class ActionsSecret(Managed, module="forgejo", name="ActionsSecret"):
    """
    One Actions secret.
    """

    managed_by = ActionsSecretProvider

    value: pulumi.Output[str]
    key_uuid: pulumi.Output[str]
    proven_uuid: pulumi.Output[str]
    mark: pulumi.Output[str]
    owner_id: pulumi.Output[float | None]
    condition: pulumi.Output[str]
