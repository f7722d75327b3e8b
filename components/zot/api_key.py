"""
The zot API key that CI uses: one live key, young enough, with exactly the expected rights.

A key is never changed. One that is due, refused, or of other rights is replaced: the new one is minted and tested
before anything depends on it, and the old one stays valid until every place holds the new one. Ending a key that had a
successor is `RetiredKeys`' work; this resource ends its own key only when it has none, as in a destroy.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pulumi
from pulumi.dynamic import ConfigureRequest, CreateResult, DiffResult, Resource, UpdateResult

from ..dynamic.claims import Claim, Identity
from ..dynamic.findings import Findings
from ..dynamic.provider import Props, Provider, changed, given
from ..dynamic.run import RUN, KeySeen, KeysLeft, OwnKey, digest_of
from ..dynamic.seen import SEEN
from ..dynamic.state_shape import numbered
from ..dynamic.trouble import is_trouble
from ..http.errors import ReconcileError
from ..rotation import CI_RIGHTS, CURRENT, Policy, condition, due, why_refused
from ..settings.named import UNGRACED, ungraced_accounts
from ..settings.reference import StoredToken
from .api import zot_at
from .asked_for import authentik_of, candidates, order_of, refuse_what_takes_no_key, stored_key
from .first_look import look
from .key_facts import described, facts_of, moment, not_watched, observed, policy_of
from .last_keys import revoke_all_of_its_label
from .minting import make_key

_log = logging.getLogger(__name__)

_IDENTITY = ("username", "zot_url", "label", "rotation")
_UPDATED = (
    "rotate_after_days",
    "expire_after_days",
    "rights",
    "probe_repository",
    "probe_tag",
    "oidc_provider",
    "authentik_url",
    "authentik_token",
    "onepassword_access",
    "vault",
    "item",
    "field",
)
_INPUTS = (*_IDENTITY, *_UPDATED, "condition")
_OUTPUTS = ("uuid", "api_key", "created_at", "expires_at", "last_used", "access", "other_keys", "mark")


class ApiKeyProvider(Provider):
    """
    Life cycle of a key. Its id is zot's uuid.
    """

    named_by = ("zot_url", "username")
    inputs = _INPUTS
    # The age, and the day of the last use: our own look is a use.
    volatile = ("age_days", "last_used")
    server = "zot_url"

    def configure(self, req: ConfigureRequest) -> None:
        """
        Note as well which accounts may be polled and mention no grace. In the refresh of a run it is said of none: what
        the program wants is known later.
        """
        super().configure(req)
        self._ungraced = ungraced_accounts(req.config.get)

    def names(self, props: Props) -> list[Identity]:
        """
        Return what the key is known by, and its account, which needs no resource of its own.
        """
        return [_slot(props), _account(props)]

    def create(self, props: Props) -> CreateResult:
        """
        Mint a key, by the key before it or by a headless login, and test it.

        Raises:
            KeyUnfitError: the new key failed its test and was revoked again.
            EnvironmentUnfitError, AmbiguousError: a field that is to hold the key can never take it, or it cannot be
                told which one is meant; nothing was made.
        """
        mark, is_first = RUN.claims.new_mark(), RUN.claims.newest(_slot(props)) is None
        order = order_of(props)
        refuse_what_takes_no_key(props)
        made = make_key(zot_at(props["zot_url"]), authentik_of(props), order, candidates(props))
        RUN.note(Claim(_slot(props), mark), KeySeen(made.listed.uuid, True))
        others = [described(key) for key in made.listing.keys if key.label != order.label and not key.is_expired]
        if is_first and others:
            # Perhaps nobody has named them yet: a preview before the first `up` can ask only by a live key.
            stay = "which stay unless the account is exclusive"
            _log.warning("zot: %s has other live keys, %s: %s", order.username, stay, "; ".join(others))
        outs = {
            **props,
            "uuid": made.listed.uuid,
            "api_key": made.key,
            "mark": mark,
            **observed(made.listing, made.listed, made.access),
            # What an interrupted run left is older than this key by now, or ends at the next rotation.
            "newer": "",
        }
        return CreateResult(made.listed.uuid, outs)

    def called(self, props: Props) -> str:
        """
        Return what messages call the key.
        """
        return _thing(props)

    def first_look(self, found: Findings, props: Props) -> None:
        """
        Look for what will make the first key: the one in the store of record, or a login.
        """
        stored = None
        with suppress(ReconcileError):  # the field's own resource says it
            stored = stored_key(props)
        look(
            found,
            zot_at(props["zot_url"]),
            authentik_of(props),
            order_of(props),
            stored,
            managed=SEEN.is_as_wanted(_account(props)) is not None,
            as_wanted=bool(SEEN.is_as_wanted(_account(props))),
        )

    def observe(self, props: Props) -> Props:
        """
        Ask the registry, as the key itself, whether it is alive and how old; then what it can do. Changes nothing.
        """
        zot = zot_at(props["zot_url"])
        listing = zot.seen_listing(props["username"], props["api_key"])
        own = listing.find(props["uuid"])
        where = props["probe_repository"], props.get("probe_tag")
        access = zot.seen_access(props["username"], props["api_key"], *where) if own else None
        RUN.note(KeySeen(props["uuid"], own is not None))
        if own and access:
            facts = observed(listing, own, access)
        else:
            facts = {"refused": why_refused(moment(props["expires_at"]), listing.time)}
        return {**facts, "condition": condition(facts_of({**props, **facts}), policy_of(props))}

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Judge the facts that the last read found by today's settings.
        """
        olds = self.as_read(id_, olds)
        RUN.note(Claim(_slot(olds), olds["mark"]), OwnKey(_slot(olds), id_, digest_of(olds["api_key"])))
        if not olds["refused"]:
            SEEN.live_keys[_slot(olds)] = olds["api_key"]
        replaces = changed(olds, news, _IDENTITY)
        facts = facts_of(olds)
        if changed(olds, news, ("probe_repository",)):
            # What it may do elsewhere is another question, and the next read asks it.
            facts = replace(facts, may={})
        reasons = due(facts, policy_of(news))
        unseen = [olds["condition"]] if is_trouble(olds["condition"]) else not_watched(olds, news)
        self.report(news, _thing(olds), [*reasons, *unseen, *_given_back(olds)])
        if reasons and not replaces:
            replaces = changed(olds, news, ("condition", "rotate_after_days", "expire_after_days")) or ["condition"]
        if replaces and RUN.is_preview and olds["username"] in getattr(self, "_ungraced", ()):
            self.report(news, _thing(olds), [UNGRACED])
        changes = bool(replaces or changed(olds, news, (*_UPDATED, "condition")))
        return DiffResult(changes=changes, replaces=replaces, delete_before_replace=False)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Take new settings; the key itself stays. The registry is not asked: where it could not be in this run, that
        stays recorded, and the places get the key that they had.
        """
        kept = {name: value for name, value in olds.items() if name not in _INPUTS}
        outs = {**kept, **news}
        if is_trouble(olds["condition"]):
            outs["condition"] = olds["condition"]
        return UpdateResult(outs)

    def delete(self, id_: str, props: Props) -> None:
        """
        End this key and all others of its label, unless it has a successor or a place still holds it: `RetiredKeys`
        ends a key that had a successor, since it knows when no place holds that key any more.

        Raises:
            ReconcileError: the registry cannot be asked. The key stays in the state, to be ended later; one of an
                account that the program has at another registry by now is let go of, with a warning.
        """
        username = props["username"]
        if RUN.claims.are_anothers([_slot(props)], props["mark"]):
            return
        holding = RUN.claims.places_with(id_)
        if holding:
            hint = "it stays until the next rotation of that place's key, or until it expires"
            _log.warning("zot: left key %s of %s, which is still in %s; %s", id_, username, ", ".join(holding), hint)
            return
        try:
            others = revoke_all_of_its_label(zot_at(props["zot_url"]), id_, props)
            if others is not None:
                RUN.note(KeysLeft(_slot(props), tuple(others)))
        except ReconcileError as exc:
            if RUN.claims.program_has(_account(props)) and not RUN.claims.program_has(_slot(props)):
                left = f"key {id_} of {username} at {props['zot_url']}, which {_expiry(props)}"
                _log.warning("zot: left %s: %s", left, exc.brief)
                return
            hint = "run again, or if the registry is gone for good take this resource out with `pulumi state delete`"
            left = f"key {id_} of {username} is still to be ended and {_expiry(props)}: {hint}"
            raise exc.adding(left) from None


def _given_back(olds: Props) -> list[str]:
    """
    Name the other keys of an account that authentik has no more, or has anew: keys hang on the name alone.
    """
    others = olds["other_keys"] if _account(olds) in SEEN.gone else []
    back = "the registry accepts them all the while, and whoever makes an account of that name has them"
    return [f"other keys outlived the account; {back}: {'; '.join(others)}"] if others else []


def _account(props: Props) -> Identity:
    return ("account", props["username"])


def _expiry(props: Props) -> str:
    return f"lives until {props['expires_at'][:10]}" if props["expires_at"] else "never expires: end it by hand"


def _thing(props: Props) -> str:
    return f"zot API key of {props['username']}"


def _slot(props: Props) -> Identity:
    """
    Return what a key and its successor have in common. Keys hang on the user's name, whatever their label.
    """
    return ("key", props["zot_url"], props["username"])


class ApiKey(Resource, module="zot", name="ApiKey"):
    """
    One key in a zot registry.

    Args:
        zot_url: the registry.
        authentik_url: where the account can log in, for a key that no live key can mint; None if nowhere.
        authentik_token: where its token is kept in 1Password, if that is not in the environment.
        onepassword_access: the backend that reaches 1Password, if the environment does not choose it.
        oidc_provider: zot's name for it.
        username: whose key.
        label: what the key is recognised by: `zot-ci/<stack>/<username>`.
        policy: when it rotates and expires, and what it should be allowed.
        rotation: any text; another one is another key.
        probe_repository: where its access is probed; nothing is left there.
        probe_tag: a tag that exists there, by which it is asked whether the key may update; without one it is not.
        vault, item, field: where the key before it may be found.
    """

    username: pulumi.Output[str]
    label: pulumi.Output[str]
    uuid: pulumi.Output[str]
    api_key: pulumi.Output[str]
    created_at: pulumi.Output[str]
    expires_at: pulumi.Output[str]
    last_used: pulumi.Output[str]
    access: pulumi.Output[str]
    other_keys: pulumi.Output[list[str]]
    mark: pulumi.Output[str]
    condition: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        zot_url: pulumi.Input[str],
        authentik_url: pulumi.Input[str] | None,
        oidc_provider: pulumi.Input[str],
        username: pulumi.Input[str],
        label: pulumi.Input[str],
        policy: Policy,
        rotation: pulumi.Input[str] | None,
        probe_repository: pulumi.Input[str],
        vault: pulumi.Input[str],
        item: pulumi.Input[str],
        field: pulumi.Input[str],
        probe_tag: pulumi.Input[str] | None = None,
        authentik_token: StoredToken | None = None,
        onepassword_access: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "zot_url": zot_url,
            "authentik_url": authentik_url,
            "oidc_provider": oidc_provider,
            "username": username,
            "label": label,
            "rotate_after_days": policy.rotate_after_days,
            "expire_after_days": policy.expire_after_days,
            "rotation": rotation,
            "probe_repository": probe_repository,
            "vault": vault,
            "item": item,
            "field": field,
            "condition": CURRENT,
            **numbered(),
            **given(
                # CI's usual rights are no property, as in older states.
                rights=sorted(policy.rights) if policy.rights != CI_RIGHTS else None,
                probe_tag=probe_tag,
                authentik_token=authentik_token.as_property if authentik_token else None,
                onepassword_access=onepassword_access,
            ),
            **dict.fromkeys(_OUTPUTS),
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["api_key"])
        super().__init__(ApiKeyProvider(), resource_name, props, pulumi.ResourceOptions.merge(secret, opts))
