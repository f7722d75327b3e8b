"""
The Actions secret that CI reads the key from, in one repository, organization or user account of a
Forgejo or Gitea server.

A secret's value can never be read, so an overwritten one cannot be seen: every `up` publishes the key again, and a
preview does not count that as drift. What can be seen is that the secret is gone, or was deleted and made again.
"""

from __future__ import annotations

import logging
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.clients import forgejo_at
from components.clients.errors import UnexpectedAnswerError
from components.clients.forgejo import Forgejo, place_of
from components.provider import Claims, Props, Provider, changed, differences, given, inputs_of, report_drift
from components.rotation import CURRENT
from components.settings import CanarySettings

_log = logging.getLogger(__name__)

# A user's own secrets cannot be listed.
_USER = "user"
_KINDS = {"repos": "the repository", "orgs": "the organization"}
_PLACE = ("scope", "name")
_CANARY = ("canary_workflow", "canary_ref", "canary_seconds")
_SERVER = ("forgejo_url", "forgejo_token", "onepassword_access")
_INPUTS = (*_SERVER, *_PLACE, *_CANARY, "value", "key_uuid", "condition", "publish", "resource")


_claims = Claims()


class ActionsSecretProvider(Provider):
    """
    Life cycle of a secret. Its id is `repository/NAME`, or likewise.
    """

    def create(self, props: Props) -> CreateResult:
        """
        Publish the key under that name; a secret of that name is taken over.
        """
        return CreateResult(_place(props), self._publish(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """
        Look whether the secret is there, and is the one that was published. Read-only.
        """
        outs = {**props, "publish": False}
        if props["scope"] == _USER:
            # Nothing of it can be seen, so nothing is asked.
            return ReadResult(id_, outs, inputs_of(outs, _INPUTS))
        secret = _forgejo(props).secret(props["scope"], props["name"])
        if secret is None:
            outs["condition"] = f"gone: {_KINDS[props['scope'].partition('/')[0]]} has no such secret any more"
        elif secret.created_at.isoformat() != props["created_at"]:
            outs["condition"] = f"deleted and made again elsewhere on {secret.created_at:%Y-%m-%d %H:%M}"
        else:
            outs["condition"] = _canary_condition(props)
        report_drift(f"Forgejo secret {_place(props)}", props, outs, ())
        return ReadResult(id_, outs, inputs_of(outs, _INPUTS))

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another scope or name is another secret. `publish` alone makes an update, and only an `up` sets it.

        The server takes names without case: a replacement by another spelling would delete the very secret that it has
        just published.
        """
        # The refresh may have been another process: in this one every resource that stays comes by here.
        _claims.hold(olds["resource"], _key(olds))
        result = differences(olds, news, update=(*_SERVER, *_PLACE, *_CANARY, "value", "key_uuid", "condition"))
        replaces = changed(olds, news, _PLACE) if _key(olds) != _key(news) else []
        return DiffResult(bool(result.changes or news.get("publish")), replaces, delete_before_replace=False)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Publish the key again. At another URL the secret is written there and not deleted at the old one: two names of
        one server cannot be told from two servers.
        """
        return UpdateResult(self._publish(news))

    def delete(self, id_: str, props: Props) -> None:
        """
        Delete the secret, unless it is another resource's by now; one that is gone is no error.
        """
        if not _claims.held_by_another(props["resource"], _key(props)):
            _forgejo(props).delete(props["scope"], props["name"])
            _log.info("Forgejo: deleted secret %s", _place(props))
        _claims.release(props["resource"])

    def _publish(self, wanted: Props) -> Props:
        forgejo = _forgejo(wanted)
        forgejo.publish(wanted["scope"], wanted["name"], wanted["value"])
        _claims.hold(wanted["resource"], _key(wanted))
        if wanted["scope"] == _USER:
            _log.info("Forgejo: published key %s as %s", wanted["key_uuid"], _place(wanted))
            return {**wanted, "created_at": ""}
        secret = forgejo.secret(wanted["scope"], wanted["name"])
        if secret is None:
            hint = "look whether something deletes it, then run again"
            msg = f"Forgejo took secret {_place(wanted)} and does not list it; {hint}"
            raise UnexpectedAnswerError(msg)
        _log.info("Forgejo: published key %s as %s", wanted["key_uuid"], _place(wanted))
        outs = {**wanted, "created_at": secret.created_at.isoformat(), "canary_end": self._ask_canary(forgejo, wanted)}
        return {**outs, "condition": _canary_condition(outs)}

    @staticmethod
    def _ask_canary(forgejo: Forgejo, wanted: Props) -> str:
        """
        Let a workflow use the secret, where the settings name one, and return how that ended.
        """
        if not wanted.get("canary_workflow"):
            return ""
        repository = place_of(wanted["scope"])
        end = forgejo.run_workflow(
            repository, wanted["canary_workflow"], wanted["canary_ref"], float(wanted["canary_seconds"])
        )
        level = logging.INFO if end == "success" else logging.WARNING
        _log.log(level, "Forgejo: canary %s of %s: %s", wanted["canary_workflow"], repository, end)
        return end


def _canary_condition(props: Props) -> str:
    """
    Say how the canary ended when the secret was published last; no canary is well, too.
    """
    end = props.get("canary_end")
    return CURRENT if end in (None, "", "success") else f"canary {props['canary_workflow']} ended with {end}"


def _key(props: Props) -> tuple[str, ...]:
    """
    Return what makes two secrets the same. Not the URL: two of them can lead to one server, which takes names without
    case.
    """
    return props["scope"].casefold(), props["name"].casefold()


def _forgejo(props: Props) -> Forgejo:
    return forgejo_at(props["forgejo_url"], props.get("forgejo_token"), props.get("onepassword_access"))


def _place(props: Props) -> str:
    return f"{place_of(props['scope'])}/{props['name']}"


class ActionsSecret(Resource, module="forgejo", name="ActionsSecret"):
    """
    One Actions secret.

    Args:
        forgejo_url: the server.
        scope: `repos/<owner>/<name>`, `orgs/<name>`, or `user` for the token's own.
        name: the secret's name, in upper case.
        value: the key. Secret in the state, as an input and as an output.
        key_uuid: zot's uuid of that key, which may be shown.
        forgejo_token: the 1Password reference of the server's token, if it is not in the environment.
        onepassword_access: the way into 1Password, if the environment does not choose it.
        canary: a workflow of the repository that uses the secret, run after each publication.
    """

    key_uuid: pulumi.Output[str]
    condition: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        forgejo_url: pulumi.Input[str],
        scope: pulumi.Input[str],
        name: pulumi.Input[str],
        value: pulumi.Input[str],
        key_uuid: pulumi.Input[str],
        canary: CanarySettings | None,
        forgejo_token: str | None = None,
        onepassword_access: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "forgejo_url": forgejo_url,
            "scope": scope,
            "name": name,
            "value": value,
            "key_uuid": key_uuid,
            "condition": CURRENT,
            "resource": resource_name,
            # True in a real `up` only, so that a preview of a stack in line stays empty.
            "publish": not pulumi.runtime.is_dry_run(),
            "created_at": None,
            **given(forgejo_token=forgejo_token, onepassword_access=onepassword_access),
            "canary_workflow": canary.workflow if canary else None,
            "canary_ref": canary.ref if canary else None,
            "canary_seconds": canary.timeout_seconds if canary else None,
        }
        own = pulumi.ResourceOptions(additional_secret_outputs=["value"], hide_diffs=["publish"])
        super().__init__(ActionsSecretProvider(), resource_name, props, pulumi.ResourceOptions.merge(own, opts))
