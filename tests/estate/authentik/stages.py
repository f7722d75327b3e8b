"""
The stages of the embedded authentik's login flow: what each shows and which answer it takes.

Measured on authentik 2026.5.0-rc1 and 2026.2.1; the captcha by the vendor's OpenAPI file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.estate.authentik.model import Device, FlowState, User

if TYPE_CHECKING:
    from tests.estate.authentik import Authentik

Json = dict[str, Any]
WRONG_PASSWORDS = 5
STATIC_CODES = 6


class Invalid(Exception):
    """A stage refuses an answer; *errors* become ``response_errors``."""

    def __init__(self, field: str, sentence: str, code: str = "invalid") -> None:
        super().__init__(sentence)
        self.errors = {field: [{"string": sentence, "code": code}]}


@dataclass(frozen=True)
class Stage:
    """How a stage shows itself and how it takes an answer (it pops itself off the state's stages)."""

    show: Callable[[Authentik, FlowState], Json]
    answer: Callable[[Authentik, FlowState, Json], None]


def _wanted(body: Json, field: str) -> str:
    if not isinstance(body.get(field), str):
        raise Invalid(field, "This field is required.", "required")
    return str(body[field])


def _right_password(authentik: Authentik, state: FlowState, password: str) -> bool:
    authentik.secrets.add(password)
    user = state.user
    right = user is not None and user.is_active and user.password is not None and password == user.password
    if user is not None and not right:
        user.failed_logins += 1
    return right


def show_identification(authentik: Authentik, state: FlowState) -> Json:
    """Ask who; perhaps for the password on the same stage."""
    return {
        "component": "ak-stage-identification",
        "user_fields": list(authentik.user_fields),
        "pending_user_identifier": None,
        "password_fields": authentik.password_fields,
        "allow_show_password": False,
        "flow_designation": "authentication",
        "captcha_stage": None,
        "primary_action": "Log in",
        "sources": [{"name": slug, "promoted": False, "challenge": {}} for slug in authentik.sources],
        "show_source_labels": False,
        "enable_remember_me": False,
        "passkey_challenge": None,
    }


def answer_identification(authentik: Authentik, state: FlowState, body: Json) -> None:
    """
    Take the name. An unknown one goes on like a known one, and fails at the password, unless it is refused here.

    Upper and lower case are one (the vendor's default), so that of two namesakes the older account is found.
    """
    state.identifier = _wanted(body, "uid_field")
    wanted = state.identifier.casefold()
    people = sorted(authentik.users.values(), key=lambda user: user.pk)
    known = [user for user in people if wanted in _names(authentik, user)]
    state.user = known[0] if known else None
    # A stage that takes no user names refuses one (run); an unknown name elsewhere depends on the stage (read).
    if not known and not (authentik.pretend_user_exists and "username" in authentik.user_fields):
        raise Invalid("non_field_errors", "Failed to authenticate.")
    if authentik.password_fields and not _right_password(authentik, state, str(body.get("password", ""))):
        raise Invalid("non_field_errors", "Failed to authenticate.")
    state.stages.pop(0)


def _names(authentik: Authentik, user: User) -> set[str]:
    """Return what an account may be called by on the identification stage."""
    names = {"username": user.username, "email": user.email}
    return {names[one].casefold() for one in authentik.user_fields if names.get(one)}


def show_captcha(authentik: Authentik, state: FlowState) -> Json:
    """Ask for what no program can answer."""
    return {"component": "ak-stage-captcha", "site_key": "site", "js_url": "/captcha.js", "interactive": True}


def answer_captcha(authentik: Authentik, state: FlowState, body: Json) -> None:
    """Refuse."""
    raise Invalid("token", "Failed to validate token")


def show_password(authentik: Authentik, state: FlowState) -> Json:
    """Ask for the password."""
    return {"component": "ak-stage-password", "allow_show_password": False}


def answer_password(authentik: Authentik, state: FlowState, body: Json) -> None:
    """Take the password; the fifth wrong one ends the flow."""
    if not _right_password(authentik, state, _wanted(body, "password")):
        state.wrong_passwords += 1
        if state.wrong_passwords >= WRONG_PASSWORDS:
            state.denied = "Invalid password"
        raise Invalid("password", "Invalid password")
    state.stages.pop(0)


def passes_unasked(authentik: Authentik, state: FlowState) -> bool:
    """Pass the MFA stage if it has nothing to ask: it is skipped, or one single thing can be enrolled."""
    assert state.user is not None
    if state.user.devices:
        return False
    if authentik.mfa == "skip":
        state.stages.pop(0)
        return True
    if authentik.mfa == "enrol" and authentik.chooses_single_enrolment and len(authentik.enrolments) == 1:
        _enrol(authentik, state, next(iter(authentik.enrolments)))
        return True
    return False


def show_mfa(authentik: Authentik, state: FlowState) -> Json:
    """Ask for a device of the account; without one, offer to enrol one, or deny."""
    component: Json = {"component": "ak-stage-authenticator-validate"}
    assert state.user is not None  # the password stage lets no unknown user through
    devices: list[Json] = [
        {"device_class": device.kind, "device_uid": str(device.pk), "challenge": {}, "last_used": None}
        for device in state.user.devices
    ]
    if devices:
        return component | {"device_challenges": devices, "configuration_stages": []}
    if authentik.mfa == "deny":
        state.denied = "No (allowed) MFA authenticator configured."
    return component | {"device_challenges": [], "configuration_stages": _enrolments(authentik)}


def _enrolments(authentik: Authentik) -> list[Json]:
    offered = []
    for kind, name, verbose in (
        ("totp", "TOTP Device", "TOTP Authenticator"),
        ("static", "Static tokens", "Static Authenticator"),
    ):
        if kind in authentik.enrolments:
            model = f"authentik_stages_authenticator_{kind}.authenticator{kind}stage"
            pk = authentik.enrolments[kind]
            offered.append({"pk": pk, "name": name, "verbose_name": verbose, "meta_model_name": model})
    return offered


def answer_mfa(authentik: Authentik, state: FlowState, body: Json) -> None:
    """Take a device's code (a static code works once), or the choice of what to enrol."""
    assert state.user is not None
    if state.user.devices:
        code = _wanted(body, "code")
        for device in state.user.static_devices:
            if code in device.codes:
                device.codes.remove(code)
                state.stages.pop(0)
                return
        raise Invalid("code", "Invalid Token. Please ensure the time on your device is accurate and try again.")
    if authentik.mfa == "deny":
        state.denied = "No (allowed) MFA authenticator configured."
        return
    kinds = {pk: kind for kind, pk in authentik.enrolments.items()}
    kind = kinds.get(_wanted(body, "selected_stage"))
    if kind is None:
        raise Invalid("selected_stage", "Invalid stage selected")
    _enrol(authentik, state, kind)


def _enrol(authentik: Authentik, state: FlowState, kind: str) -> None:
    """Put the stage that enrols this kind of device in the place of the one that asked."""
    codes = [authentik.secrets.new(8) for _ in range(STATIC_CODES)] if kind == "static" else []
    state.enrolling = Device(authentik.next_pk(), kind, "Static Token" if kind == "static" else "TOTP", codes)
    state.stages[0] = f"enrol-{kind}"


def show_static(authentik: Authentik, state: FlowState) -> Json:
    """Show the codes of the device about to be enrolled."""
    return {"component": "ak-stage-authenticator-static", "codes": state.enrolling.codes if state.enrolling else []}


def answer_static(authentik: Authentik, state: FlowState, body: Json) -> None:
    """Enrol the device. It stays until somebody deletes it, and locks out who has lost its codes."""
    assert state.user is not None
    assert state.enrolling is not None
    state.user.devices.append(state.enrolling)
    state.enrolling = None
    state.stages.pop(0)


def show_totp(authentik: Authentik, state: FlowState) -> Json:
    """Show the secret of a TOTP device: no program here can answer it."""
    config = f"otpauth://totp/authentik:{state.identifier}?secret={authentik.secrets.new(32)}"
    return {"component": "ak-stage-authenticator-totp", "config_url": config}


def answer_totp(authentik: Authentik, state: FlowState, body: Json) -> None:
    """Refuse."""
    raise Invalid("code", "Code does not match")


def show_user_login(authentik: Authentik, state: FlowState) -> Json:
    """Ask whether the login shall last longer than the browser."""
    return {"component": "ak-stage-user-login"}


def answer_user_login(authentik: Authentik, state: FlowState, body: Json) -> None:
    """Take yes or no; the login itself is the next step."""
    if not isinstance(body.get("remember_me"), bool):
        raise Invalid("remember_me", "This field is required.", "required")
    state.stages.pop(0)


def show_consent(authentik: Authentik, state: FlowState) -> Json:
    """Ask the user to let the application in."""
    header = {"header_text": "You're about to sign into zot.", "permissions": [], "additional_permissions": []}
    return {"component": "ak-stage-consent", "token": state.consent_token, **header}


def answer_consent(authentik: Authentik, state: FlowState, body: Json) -> None:
    """Take the consent if it carries the token that was shown."""
    if body.get("token") != state.consent_token:
        raise Invalid("token", "Invalid consent token, re-showing prompt")
    state.stages.pop(0)


STAGES = {
    "identification": Stage(show_identification, answer_identification),
    "captcha": Stage(show_captcha, answer_captcha),
    "password": Stage(show_password, answer_password),
    "mfa": Stage(show_mfa, answer_mfa),
    "enrol-static": Stage(show_static, answer_static),
    "enrol-totp": Stage(show_totp, answer_totp),
    "user-login": Stage(show_user_login, answer_user_login),
    "consent": Stage(show_consent, answer_consent),
}
