"""
The flow executor of the embedded authentik: ``/api/v3/flows/executor/<slug>/``.

Measured on authentik 2026.5.0-rc1 and 2026.2.1. A POST that a stage accepts answers 302 to itself and the GET after it
holds the next challenge; one that it refuses answers 200 with ``response_errors``. A GET answers 302 to itself too,
where a stage has nothing to ask. Each answer sets the session cookie.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.estate.authentik.model import FlowState, Session, User
from tests.estate.authentik.permissions import CSRF_COOKIE, SESSION_COOKIE, Refusal, check_csrf, session_of
from tests.estate.authentik.stages import STAGES, Invalid, passes_unasked
from tests.estate.core import act_as, json_body

if TYPE_CHECKING:
    from tests.estate.authentik import Authentik

Json = dict[str, Any]
DEVICE_SECONDS, CSRF_SECONDS = 2_592_000, 31_449_600


async def executor(authentik: Authentik, request: Request) -> Response:
    """Show the current challenge of a flow, or take the answer to it."""
    slug = request.path_params["slug"]
    session = session_of(authentik, request) or Session()
    if slug == authentik.invalidation_flow:
        return _log_out(authentik, request)
    state = _state(authentik, session, slug)
    state.query = request.query_params.get("query", "")
    if request.method == "POST":
        if session.identity() is not None:
            check_csrf(authentik, request)
        body = await json_body(request)
        answer = _answer(authentik, request, session, state, body if isinstance(body, dict) else {})
    else:
        answer = _show(authentik, request, session, state)
    act_as(request, state.user.username if state.user else state.identifier)
    authentik.give_session(answer, session)
    return answer


def _state(authentik: Authentik, session: Session, slug: str) -> FlowState:
    """Return the flow under way in this session, or begin it."""
    if session.flow is not None and session.flow.slug == slug:
        return session.flow
    if slug != authentik.authentication_flow:
        raise Refusal(404, {"detail": "No Flow matches the given query."})
    stages = ["identification"]
    if authentik.captcha:
        stages.append("captcha")
    if not authentik.password_fields:
        stages.append("password")
    if authentik.mfa != "off":
        stages.append("mfa")
    if authentik.remember_me:
        stages.append("user-login")
    session.flow = FlowState(slug, [*stages, "login"])
    return session.flow


def _show(authentik: Authentik, request: Request, session: Session, state: FlowState) -> Response:
    """Return the challenge of the current stage, or pass a stage that asks nothing."""
    if state.stages[0] == "mfa" and not state.denied and passes_unasked(authentik, state):
        return _to_itself(request)
    if state.stages[0] == "login" and not state.denied:
        assert state.user is not None  # no stage before lets nobody through
        return _log_in(authentik, session, state, state.user)
    if state.stages[0] == "identification" and len(authentik.sources) == 1 and not authentik.user_fields:
        source = f"{authentik.path}/source/oauth/login/{authentik.sources[0]}/"
        return JSONResponse({"component": "xak-flow-redirect", "to": source})
    if state.stages[0] == "redirect":
        session.flow = None
        return JSONResponse({"component": "xak-flow-redirect", "to": state.target})
    return JSONResponse(_challenge(authentik, state))


def _answer(authentik: Authentik, request: Request, session: Session, state: FlowState, body: Json) -> Response:
    """Let the current stage judge the body."""
    stage = state.stages[0]
    if stage in STAGES and not state.denied:
        try:
            STAGES[stage].answer(authentik, state, body)
        except Invalid as invalid:
            return JSONResponse(_challenge(authentik, state, invalid.errors))
    if state.consent and state.stages[0] == "redirect" and session.user is not None:
        session.consented.add(state.consent)
        authentik.consents.add((session.user.pk, state.consent))
    if stage == "user-login" and state.stages[0] == "login" and state.user is not None:
        # The last stage that asks: the flow is done within this POST, and no GET is needed (read).
        return _log_in(authentik, session, state, state.user)
    return _to_itself(request)


def _to_itself(request: Request) -> Response:
    """Send the client to the same address again, as a path, where the next challenge is."""
    location = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Response(status_code=302, headers={"location": location, "content-type": "text/html; charset=utf-8"})


def _challenge(authentik: Authentik, state: FlowState, errors: Json | None = None) -> Json:
    challenge: Json = {} if state.denied else STAGES[state.stages[0]].show(authentik, state)
    # Asked again: a stage may deny only when it is shown, as MFA does that wants a device and lets nobody enrol one.
    if state.denied:
        challenge, errors = {"component": "ak-stage-access-denied", "error_message": state.denied}, None
    if challenge["component"] != "ak-stage-identification":
        challenge |= {
            "pending_user": state.identifier,
            "pending_user_avatar": "/static/dist/assets/images/user_default.png",
        }
    info = {
        "title": "Welcome to authentik!",
        "background": "/static/dist/assets/images/flow_background.jpg",
        "background_themed_urls": None,
        "cancel_url": "/flows/-/cancel/",
        "layout": "stacked",
    }
    return {"flow_info": info, **challenge, **({"response_errors": errors} if errors else {})}


def _log_in(authentik: Authentik, session: Session, state: FlowState, user: User) -> Response:
    """Finish the flow: a session with a login event under a new key, a CSRF cookie, a device cookie."""
    authentik.drop_session(session)
    session.user, session.login_event, session.impersonated = user, True, False
    session.password_changes, session.flow = user.password_changes, None
    user.last_login = authentik.clock.now()
    home = f"{authentik.path}/"
    target = parse_qs(state.query).get("next", [home])[0]
    # Only a path of authentik's own: anything else would be an open redirect.
    answer = JSONResponse({"component": "xak-flow-redirect", "to": target if target.startswith("/") else home})
    csrf = authentik.secrets.add("".join(secrets.choice("abcdefghijkmnpqrstuvwxyz0123456789") for _ in range(32)))
    for name, value, seconds in (
        ("authentik_device", authentik.secrets.new(64), DEVICE_SECONDS),
        (CSRF_COOKIE, csrf, CSRF_SECONDS),
    ):
        expires = format_datetime(authentik.clock.now() + timedelta(seconds=seconds), usegmt=True)
        cookie = f"{name}={value}; expires={expires}; Max-Age={seconds}; Path=/; SameSite=Lax"
        answer.headers.append("set-cookie", cookie)
    return answer


def _log_out(authentik: Authentik, request: Request) -> Response:
    """End the session, if there is one."""
    session = session_of(authentik, request)
    if session is not None:
        if session.user is not None:
            act_as(request, session.user.username)
        authentik.drop_session(session)
    answer = JSONResponse({"component": "xak-flow-redirect", "to": "/"})
    gone = f'{SESSION_COOKIE}=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax'
    answer.headers.append("set-cookie", gone)
    return answer
