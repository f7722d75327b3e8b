"""
The registry's single sign-on, for an authentik without a blueprint for it: groups, OAuth2 provider, application and
bindings by pulumi-authentik, and a 1Password item for the client's id and secret by pulumi-onepassword.

Import this module only if the settings have `sso`: the two packages are an extra. Both sign in with the environment's
credentials through the engine's default providers; a provider that is made here would keep its token in the state. The
objects with the ids of `sso.import` are adopted and reconciled in one `up`. Members of groups, logos, token lifetimes
and the like belong to others and are left alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from .settings.model import Settings
from .settings.sso import SsoSettings
from .zot.configuration import SCOPES

try:
    import pulumi_authentik as authentik
    import pulumi_onepassword as onepassword
except ModuleNotFoundError as exc:
    msg = f"zot-ci:sso needs the Python package {exc.name}: install this project's extra sso (docs/single-sign-on.md)"
    raise pulumi.RunError(msg) from None

_MANAGED = "goauthentik.io/providers/oauth2/scope-"
# Implicit consent, since nobody can consent in the headless login of a service account.
_AUTHORIZATION_FLOW = "default-provider-authorization-implicit-consent"
_INVALIDATION_FLOW = "default-provider-invalidation-flow"
_VAULT_ID = re.compile(r"[a-z0-9]{26}")

# All other properties belong to others. Those listed here are ignored: pulumi would empty a property that is not set.
_GROUP_LEAVES = ("attributes", "is_superuser", "parent", "roles", "users")
_PROVIDER_LEAVES = (
    "access_code_validity",
    "access_token_validity",
    "authentication_flow",
    "backchannel_logout_uri",
    "encryption_key",
    "jwks_sources",
    "jwt_federation_providers",
    "jwt_federation_sources",
    "refresh_token_validity",
)
_APPLICATION_LEAVES = (
    "backchannel_providers",
    "group",
    "meta_description",
    "meta_icon",
    "meta_launch_url",
    "meta_publisher",
    "open_in_new_tab",
)
# One binding is enough, so their order does not matter.
_BINDING_LEAVES = ("failure_result", "order", "timeout")
_ITEM_LEAVES = ("note_value", "sections", "tags", "url")


@dataclass(frozen=True)
class RegistrySsoArgs:
    """
    The systems' settings and those of single sign-on.
    """

    systems: Settings
    sso: SsoSettings


class RegistrySso(pulumi.ComponentResource):
    """
    The registry's application in authentik, and the 1Password item of its client. All these resources are protected.
    """

    def __init__(self, name: str, args: RegistrySsoArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("zot-ci:index:RegistrySso", name, {}, opts)
        systems, sso, there = args.systems, args.sso, args.sso.import_
        _check_environment(systems)
        bound: dict[str, pulumi.Input[str]] = {
            sso.admins: authentik.get_group_output(name=sso.admins, include_users=False, opts=self._lookup).id
        }
        for group in sso.groups:
            bound[group] = authentik.Group(
                f"{name}-group-{group}", name=group, opts=self._kept(sso.ids_of_groups.get(group), _GROUP_LEAVES)
            ).id
        provider = authentik.ProviderOauth2(
            f"{name}-provider",
            name=sso.name,
            client_id=sso.client_id,
            client_type="confidential",
            allowed_redirect_uris=[
                {"matching_mode": "strict", "url": f"{systems.zot.url}/zot/auth/callback/{systems.zot.oidc_provider}"}
            ],
            authorization_flow=self._flow(_AUTHORIZATION_FLOW),
            invalidation_flow=self._flow(_INVALIDATION_FLOW),
            property_mappings=authentik.get_property_mapping_provider_scope_output(
                managed_lists=[f"{_MANAGED}{scope}" for scope in SCOPES], opts=self._lookup
            ).ids,
            # Without a key, tokens are signed with the client's secret, which zot does not accept.
            signing_key=authentik.get_certificate_key_pair_output(
                name=sso.signing_key, fetch_certificate=False, fetch_key=False, opts=self._lookup
            ).id,
            # `sub` is then the same name that zot has for the account.
            sub_mode="user_username",
            # The issuer in zot's configuration contains the application's name.
            issuer_mode="per_provider",
            include_claims_in_id_token=True,
            opts=self._kept(there.provider, _PROVIDER_LEAVES),
        )
        application = authentik.Application(
            f"{name}-application",
            name=sso.name,
            slug=sso.application,
            protocol_provider=provider.id.apply(float),
            # One of the groups is enough.
            policy_engine_mode="any",
            opts=self._kept(there.application, _APPLICATION_LEAVES),
        )
        for order, (group, group_id) in enumerate(bound.items()):
            authentik.PolicyBinding(
                f"{name}-binding-{group}",
                target=application.uuid,
                group=group_id,
                order=order,
                opts=self._kept(sso.ids_of_bindings.get(group), _BINDING_LEAVES),
            )
        onepassword.Item(
            f"{name}-item",
            vault=self._vault(sso.vault),
            title=sso.item,
            category="login",
            username=provider.client_id,
            password=provider.client_secret,
            opts=self._kept(there.item, _ITEM_LEAVES),
        )
        self.register_outputs({"client_id": provider.client_id})

    @property
    def _lookup(self) -> pulumi.InvokeOutputOptions:
        return pulumi.InvokeOutputOptions(parent=self)

    def _kept(self, import_id: str | None, leaves: Sequence[str]) -> pulumi.ResourceOptions:
        # People sign in by these resources, so removing a setting must not end their logins. Without the protection the
        # state forgets them and they stay: they may have existed before, and others may use them.
        return pulumi.ResourceOptions(
            parent=self, protect=True, retain_on_delete=True, import_=import_id, ignore_changes=list(leaves)
        )

    def _flow(self, slug: str) -> pulumi.Output[str]:
        found: pulumi.Output[str] = authentik.get_flow_output(slug=slug, opts=self._lookup).id
        return found

    def _vault(self, name_or_id: str) -> pulumi.Input[str]:
        if _VAULT_ID.fullmatch(name_or_id):
            return name_or_id
        found: pulumi.Output[str] = onepassword.get_vault_output(name=name_or_id, opts=self._lookup).uuid
        return found


def _check_environment(systems: Settings) -> None:
    """
    Check that pulumi-authentik asks the server in the settings: it reads its own variables, and no references.
    """
    wanted = systems.authentik.url if systems.authentik else ""
    named = pulumi.Config("authentik").get("url") or os.environ.get("AUTHENTIK_URL", "")
    if named.rstrip("/") != wanted:
        msg = f"zot-ci:sso needs AUTHENTIK_URL, from which pulumi-authentik takes its server: set it to {wanted}"
        raise pulumi.RunError(msg)
    if not pulumi.Config("authentik").get("token") and not os.environ.get("AUTHENTIK_TOKEN", "").strip():
        msg = "zot-ci:sso needs AUTHENTIK_TOKEN, which pulumi-authentik signs in with; no reference will do"
        raise pulumi.RunError(msg)
