"""What the embedded authentik knows: accounts, groups, devices, tokens, sessions, applications."""

from __future__ import annotations

import copy
import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

USER_TYPES = ("internal", "external", "service_account", "internal_service_account")


@dataclass(eq=False)
class Group:
    """A group; who is in it is kept on the user."""

    name: str
    num_pk: int
    pk: str = field(default_factory=lambda: str(uuid.uuid4()))
    parents: list[Group] = field(default_factory=list)


@dataclass(eq=False)
class Device:
    """A second factor. *kind* is the ``device_class``: ``static``, ``totp``, ``webauthn``."""

    pk: int
    kind: str
    name: str
    codes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Grant:
    """A permission on one object, or on all where *object* is ``None`` (a global permission)."""

    permission: str
    object: User | Group | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Grant:
        """Copy as a whole: an account's set holds its grants by hash, which needs both fields, also in a circle."""
        return Grant(self.permission, copy.deepcopy(self.object, memo))


@dataclass(eq=False)
class User:
    """
    An account. *groups* are names; *password* ``None`` means that none is usable; *failed_logins* counts wrong ones.
    """

    pk: int
    username: str
    name: str
    type: str
    is_active: bool
    is_superuser: bool
    joined: datetime
    groups: set[str] = field(default_factory=set)
    email: str = ""
    path: str = "users"
    attributes: dict[str, Any] = field(default_factory=dict)
    password: str | None = None
    password_changes: int = 0
    failed_logins: int = 0
    password_changed: datetime | None = None
    last_login: datetime | None = None
    updated: datetime | None = None
    devices: list[Device] = field(default_factory=list)
    grants: set[Grant] = field(default_factory=set)
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def uid(self) -> str:
        """Return the hashed id, which is also the ``sub`` of ID tokens."""
        return hashlib.sha256(self.uuid.encode()).hexdigest()

    @property
    def static_devices(self) -> list[Device]:
        """Return the enrolled static devices."""
        return [device for device in self.devices if device.kind == "static"]

    @property
    def other_devices(self) -> list[Device]:
        """Return the devices that are somebody's: TOTP, WebAuthn."""
        return [device for device in self.devices if device.kind != "static"]


@dataclass(eq=False)
class Token:
    """A token and whose it is. *intent* is ``api``, or ``app_password``, which opens no API."""

    user: User
    expires: datetime | None = None
    identifier: str = ""
    intent: str = "api"


@dataclass
class FlowState:
    """A flow under way in one session."""

    slug: str
    stages: list[str]
    query: str = ""
    identifier: str = ""
    user: User | None = None
    wrong_passwords: int = 0
    enrolling: Device | None = None
    denied: str = ""
    consent: str = ""
    consent_token: str = ""
    target: str = ""


@dataclass(eq=False)
class Session:
    """
    A browser session. *login_event* is what ``/application/o/authorize/`` insists on: a login by a flow leaves one,
    an impersonation does not.
    """

    user: User | None = None
    login_event: bool = False
    impersonated: bool = False
    password_changes: int = 0
    flow: FlowState | None = None
    consented: set[str] = field(default_factory=set)

    def identity(self) -> User | None:
        """Return whose session it is; a password changed since the login leaves nobody (read: Django's hash)."""
        if self.user is None or not self.user.is_active:
            return None
        if self.login_event and self.password_changes != self.user.password_changes:
            return None
        return self.user


@dataclass
class Application:
    """An application with its OAuth2 provider. Empty *groups* means that everybody may."""

    slug: str
    client_id: str
    client_secret: str
    redirect_uris: list[str]
    groups: set[str] = field(default_factory=set)
    consent: bool = False
    signing_key: bool = True


@dataclass(frozen=True)
class Code:
    """An authorization code, good for one exchange within a minute."""

    user: User
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    issued: datetime
