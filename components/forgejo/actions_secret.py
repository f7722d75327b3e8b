"""
The Actions secret that CI reads the key from, in one repository, organization or user account of a
Forgejo or Gitea server.

A secret's value can never be read, so an overwritten one cannot be seen: every `up` publishes the key again, and a
preview does not count that as drift. What can be seen is that the secret is gone, or was deleted and made again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from ..dynamic.provider import Props, Provider, changed, differences, given, inputs_of, report_drift
from ..dynamic.run_memory import MEMORY
from ..http.errors import UnexpectedAnswerError
from ..rotation import CURRENT
from ..settings.place import Place
from ..settings.reference import StoredToken
from .api import Forgejo, forgejo_at

_log = logging.getLogger(__name__)

_OWNER = {"repository": "the repository", "organization": "the organization"}
_PLACE = ("repository", "organization", "secret")
_SERVER = ("forgejo_url", "forgejo_token")
_INPUTS = (*_SERVER, *_PLACE, "canary", "value", "key_uuid", "condition", "publish", "resource")


class ActionsSecretProvider(Provider):
    """
    Life cycle of a secret. Its id is `repository/NAME`, or likewise.
    """

    def create(self, props: Props) -> CreateResult:
        """
        Publish the key under that name; a secret of that name is taken over.
        """
        return CreateResult(_place(props).name, self._publish(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """
        Look whether the secret is there, and is the one that was published. Read-only.
        """
        outs = {**props, "publish": False}
        place = _place(props)
        if place.kind == "user":
            # A user's own secrets cannot be listed, so nothing is asked.
            return ReadResult(id_, outs, inputs_of(outs, _INPUTS))
        secret = _forgejo(props).secret(place)
        if secret is None:
            outs["condition"] = f"gone: {_OWNER[place.kind]} has no such secret any more"
        elif secret.created_at.isoformat() != props["created_at"]:
            outs["condition"] = f"deleted and made again elsewhere on {secret.created_at:%Y-%m-%d %H:%M}"
        else:
            outs["condition"] = _canary_condition(props)
        report_drift(place.thing, props, outs, ())
        return ReadResult(id_, outs, inputs_of(outs, _INPUTS))

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another owner or name is another secret. `publish` alone makes an update, and only an `up` sets it.

        The server takes names without case: a replacement by another spelling would delete the very secret that it has
        just published.
        """
        # `diff` runs for every kept resource, also where the refresh was another process: its claim is recorded here.
        MEMORY.claim(olds["resource"], _place(olds).identity)
        result = differences(olds, news, update=(*_SERVER, *_PLACE, "canary", "value", "key_uuid", "condition"))
        replaces = changed(olds, news, _PLACE) if _place(olds).identity != _place(news).identity else []
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
        place = _place(props)
        if not MEMORY.is_claimed_by_another(props["resource"], place.identity):
            _forgejo(props).delete(place)
            _log.info("Forgejo: deleted secret %s", place.name)
        MEMORY.release(props["resource"])

    def _publish(self, wanted: Props) -> Props:
        forgejo, place = _forgejo(wanted), _place(wanted)
        forgejo.publish(place, wanted["value"])
        MEMORY.claim(wanted["resource"], place.identity)
        if place.kind == "user":
            _log.info("Forgejo: published key %s as %s", wanted["key_uuid"], place.name)
            return {**wanted, "created_at": ""}
        secret = forgejo.secret(place)
        if secret is None:
            hint = "look whether something deletes it, then run again"
            msg = f"Forgejo took secret {place.name} and does not list it; {hint}"
            raise UnexpectedAnswerError(msg)
        _log.info("Forgejo: published key %s as %s", wanted["key_uuid"], place.name)
        outs = {**wanted, "created_at": secret.created_at.isoformat(), "canary_end": self._ask_canary(forgejo, wanted)}
        return {**outs, "condition": _canary_condition(outs)}

    @staticmethod
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
    Say how the canary ended when the secret was published last; no canary is well, too.
    """
    end = props.get("canary_end")
    return CURRENT if end in (None, "", "success") else f"canary {props['canary']['workflow']} ended with {end}"


def _place(props: Props) -> Place:
    return Place.secret(props["secret"], repository=props.get("repository"), organization=props.get("organization"))


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

    key_uuid: pulumi.Output[str]
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
            "resource": resource_name,
            # True in a real `up` only, so that the preview of a stack in sync stays empty.
            "publish": not pulumi.runtime.is_dry_run(),
            "created_at": None,
            **given(
                repository=repository,
                organization=organization,
                canary=canary,
                forgejo_token=token.as_property if token else None,
            ),
        }
        own = pulumi.ResourceOptions(additional_secret_outputs=["value"], hide_diffs=["publish"])
        super().__init__(ActionsSecretProvider(), resource_name, props, pulumi.ResourceOptions.merge(own, opts))
