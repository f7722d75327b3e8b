"""
The Actions secret that CI reads the key from, in one repository of a Forgejo or Gitea server.

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
from components.clients.forgejo import Forgejo
from components.provider import Props, Provider, changed, differences, given, inputs_of, report_drift
from components.rotation import CURRENT

_log = logging.getLogger(__name__)

_PLACE = ("repository", "name")
_UPDATED = ("forgejo_url", "forgejo_token", "onepassword_access", *_PLACE, "value", "key_uuid", "condition")
_INPUTS = (*_UPDATED, "publish")


class ActionsSecretProvider(Provider):
    """
    Life cycle of a secret. Its id is `repository/NAME`.
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
        secret = _forgejo(props).secret(props["repository"], props["name"])
        outs = {**props, "publish": False}
        if secret is None:
            outs["condition"] = "gone: the repository has no such secret any more"
        elif secret.created_at.isoformat() != props["created_at"]:
            outs["condition"] = f"deleted and made again elsewhere on {secret.created_at:%Y-%m-%d %H:%M}"
        else:
            outs["condition"] = CURRENT
        report_drift(f"Forgejo secret {_place(props)}", props, outs, ())
        return ReadResult(id_, outs, inputs_of(outs, _INPUTS))

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another repository or name is another secret. `publish` alone makes an update, and only an `up` sets it.

        The server takes names without case: a replacement by another spelling would delete the very secret that it has
        just published.
        """
        result = differences(olds, news, update=_UPDATED)
        moved = _place(olds).casefold() != _place(news).casefold()
        replaces = changed(olds, news, _PLACE) if moved else []
        return DiffResult(bool(result.changes or news.get("publish")), replaces, delete_before_replace=False)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Publish the key again. At another URL the secret is written there and not deleted at the old one: two names of
        one server cannot be told from two servers.
        """
        return UpdateResult(self._publish(news))

    def delete(self, id_: str, props: Props) -> None:
        """
        Delete the secret; one that is gone is no error.
        """
        _forgejo(props).delete(props["repository"], props["name"])
        _log.info("Forgejo: deleted secret %s", _place(props))

    def _publish(self, wanted: Props) -> Props:
        forgejo = _forgejo(wanted)
        forgejo.publish(wanted["repository"], wanted["name"], wanted["value"])
        secret = forgejo.secret(wanted["repository"], wanted["name"])
        if secret is None:
            hint = "look whether something deletes it, then run again"
            msg = f"Forgejo took secret {_place(wanted)} and does not list it; {hint}"
            raise UnexpectedAnswerError(msg)
        _log.info("Forgejo: published key %s as %s", wanted["key_uuid"], _place(wanted))
        return {**wanted, "created_at": secret.created_at.isoformat()}


def _forgejo(props: Props) -> Forgejo:
    return forgejo_at(props["forgejo_url"], props.get("forgejo_token"), props.get("onepassword_access"))


def _place(props: Props) -> str:
    return f"{props['repository']}/{props['name']}"


class ActionsSecret(Resource, module="forgejo", name="ActionsSecret"):
    """
    One Actions secret.

    Args:
        forgejo_url: the server.
        repository: `owner/name`.
        name: the secret's name, in upper case.
        value: the key. Secret in the state, as an input and as an output.
        key_uuid: zot's uuid of that key, which may be shown.
        forgejo_token: the 1Password reference of the server's token, if it is not in the environment.
        onepassword_access: the way into 1Password, if the environment does not choose it.
    """

    key_uuid: pulumi.Output[str]
    condition: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        forgejo_url: pulumi.Input[str],
        repository: pulumi.Input[str],
        name: pulumi.Input[str],
        value: pulumi.Input[str],
        key_uuid: pulumi.Input[str],
        forgejo_token: str | None = None,
        onepassword_access: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "forgejo_url": forgejo_url,
            "repository": repository,
            "name": name,
            "value": value,
            "key_uuid": key_uuid,
            "condition": CURRENT,
            # True in a real `up` only, so that a preview of a stack in line stays empty.
            "publish": not pulumi.runtime.is_dry_run(),
            "created_at": None,
            **given(forgejo_token=forgejo_token, onepassword_access=onepassword_access),
        }
        own = pulumi.ResourceOptions(additional_secret_outputs=["value"], hide_diffs=["publish"])
        super().__init__(ActionsSecretProvider(), resource_name, props, pulumi.ResourceOptions.merge(own, opts))
