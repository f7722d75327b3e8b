"""
Accounts, groups and devices of the embedded authentik: ``/api/v3/core`` and ``/api/v3/authenticators``.

Measured on authentik 2026.5.0-rc1 and 2026.2.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.estate.authentik import shapes
from tests.estate.authentik.model import USER_TYPES, Session, User
from tests.estate.authentik.permissions import (
    Refusal,
    caller,
    demand,
    may,
    missing,
    session_of,
    visible_group,
    visible_groups,
    visible_user,
)
from tests.estate.core import json_body

if TYPE_CHECKING:
    from tests.estate.authentik import Authentik

Json = dict[str, Any]
REQUIRED, BLANK, UNIQUE = "This field is required.", "This field may not be blank.", "This field must be unique."


async def users(authentik: Authentik, request: Request) -> Response:
    """List the accounts the caller may see, or make one."""
    me = caller(authentik, request)
    if request.method == "POST":
        demand(me, "add_user")
        user = _create(authentik, await _object(request))
        return JSONResponse(shapes.user_json(authentik, user), 201)
    wanted = request.query_params
    rows = []
    for user in list(authentik.users.values()):
        exact = all(str(getattr(user, key)) == wanted[key] for key in ("username", "name", "type") if key in wanted)
        if (
            exact
            and wanted.get("search", "").lower() in f"{user.username} {user.name}".lower()
            and may(me, "view_user", user)
        ):
            rows.append(shapes.user_json(authentik, user, wanted.get("include_groups") != "false"))
    return JSONResponse(shapes.page(request, rows, shapes.USERS))


async def user(authentik: Authentik, request: Request) -> Response:
    """Show, change or delete one account."""
    me = caller(authentik, request)
    one = visible_user(authentik, me, request.path_params["pk"])
    if request.method == "DELETE":
        demand(me, "delete_user", one)
        authentik.forget(one)
        return Response(status_code=204)
    if request.method == "PATCH":
        demand(me, "change_user", one)
        body = await _object(request)
        _validate(authentik, body, one)
        _assign(authentik, one, body)
    return JSONResponse(shapes.user_json(authentik, one))


async def service_account(authentik: Authentik, request: Request) -> Response:
    """Make a service account the other way: 200, and an app password that nobody asked for."""
    me = caller(authentik, request)
    demand(me, "add_user")
    body = await _object(request)
    name = body.get("name")
    _validate(authentik, {"username": name, "name": name})
    made = _create(authentik, {"username": name, "name": name, "type": "service_account"})
    if body.get("create_group"):
        made.groups.add(authentik.add_group(str(name)).name)
    answer = {"username": made.username, "token": authentik.secrets.new(60), "user_uid": made.uid, "user_pk": made.pk}
    return JSONResponse(answer)


async def set_password(authentik: Authentik, request: Request) -> Response:
    """Set an account's password."""
    me = caller(authentik, request)
    one = visible_user(authentik, me, request.path_params["pk"])
    demand(me, "reset_user_password", one)
    password = (await _object(request)).get("password")
    if not isinstance(password, str) or not password:
        raise Refusal(400, {"password": [BLANK if password == "" else REQUIRED]})
    if authentik.password_policy:
        raise Refusal(400)  # by the vendor's source without a word of why
    authentik.set_password(one.username, password)
    return Response(status_code=204)


async def impersonate(authentik: Authentik, request: Request) -> Response:
    """Begin a session as another account. It has no login event, so that no application lets it in."""
    me = caller(authentik, request)
    if not authentik.impersonation:
        raise Refusal(401)
    one = visible_user(authentik, me, request.path_params["pk"])
    demand(me, "impersonate", one)
    # By the vendor's OpenAPI file a reason is required and not empty; the words stand alone (2026.5.0-rc1, measured).
    if not (await _object(request)).get("reason"):
        raise Refusal(400, {"reason": REQUIRED})
    answer = Response(status_code=204)
    authentik.give_session(answer, Session(user=one, impersonated=True))
    return answer


async def impersonate_end(authentik: Authentik, request: Request) -> Response:
    """End an impersonation; without one it does nothing, and says the same."""
    session = session_of(authentik, request)
    caller(authentik, request)
    if session is not None and session.impersonated:
        session.user, session.impersonated = None, False
    return Response(status_code=204)


async def groups(authentik: Authentik, request: Request) -> Response:
    """List the groups the caller may see."""
    seen = visible_groups(authentik, caller(authentik, request))
    wanted = request.query_params
    shown = wanted.get("include_users") != "false", wanted.get("include_parents") == "true"
    rows = [shapes.group_json(authentik, g, *shown) for g in seen if wanted.get("name") in (None, g.name)]
    return JSONResponse(shapes.page(request, rows, shapes.GROUPS))


async def group(authentik: Authentik, request: Request) -> Response:
    """Show one group."""
    seen = visible_group(authentik, caller(authentik, request), request.path_params["pk"])
    return JSONResponse(shapes.group_json(authentik, seen, request.query_params.get("include_users") != "false"))


async def membership(authentik: Authentik, request: Request) -> Response:
    """Put an account into a group or take it out; both say 204 also where nothing was to do."""
    me = caller(authentik, request)
    one = visible_group(authentik, me, request.path_params["pk"])
    adding = request.url.path.endswith("/add_user/")
    demand(me, "add_user_to_group" if adding else "remove_user_from_group", one)
    member = visible_user(authentik, me, (await _object(request)).get("pk"))
    (member.groups.add if adding else member.groups.discard)(one.name)
    return Response(status_code=204)


async def static_devices(authentik: Authentik, request: Request) -> Response:
    """List the caller's own static devices."""
    me = caller(authentik, request)
    rows = [shapes.device_json(me, device) for device in me.static_devices]
    return JSONResponse(shapes.page(request, rows, {}))


async def static_device(authentik: Authentik, request: Request) -> Response:
    """Show or delete one of the caller's own static devices."""
    me = caller(authentik, request)
    for device in me.static_devices:
        if device.pk == request.path_params["pk"]:
            if request.method == "DELETE":
                me.devices.remove(device)
                return Response(status_code=204)
            return JSONResponse(shapes.device_json(me, device))
    raise missing("StaticDevice")


async def tokens(authentik: Authentik, request: Request) -> Response:
    """Answer the caller's own tokens, without the tokens themselves; a superuser sees those of all (read)."""
    who = caller(authentik, request)
    rows = [
        {
            "pk": token.identifier,
            "identifier": token.identifier,
            "intent": token.intent,
            "user": token.user.pk,
            "user_obj": shapes.user_json(authentik, token.user, with_groups=False),
            "description": "",
            "expires": shapes.when(token.expires),
            "expiring": token.expires is not None,
        }
        for token in authentik.tokens.values()
        if token.user is who or who.is_superuser
    ]
    return JSONResponse(shapes.page(request, rows, {}))


async def brand(authentik: Authentik, request: Request) -> Response:
    """Show the current brand, to anybody: it names the flows."""
    facts: Json = {"matched_domain": "authentik-default", "branding_title": "authentik", "branding_custom_css": ""}
    facts |= {"branding_logo": "/static/dist/assets/icons/icon_left_brand.svg", "branding_logo_themed_urls": None}
    facts |= {"branding_favicon": "/static/dist/assets/icons/icon.png", "branding_favicon_themed_urls": None}
    facts |= {"ui_footer_links": [], "ui_theme": "automatic", "default_locale": ""}
    facts |= {"flow_authentication": authentik.authentication_flow, "flow_invalidation": authentik.invalidation_flow}
    facts |= {"flow_user_settings": "default-user-settings-flow", "flags": {"core_default_app_access": True}}
    return JSONResponse(facts)


async def _object(request: Request) -> Json:
    body = await json_body(request)
    if not isinstance(body, dict):
        raise Refusal(400, {"detail": "JSON parse error"})
    return body


def _validate(authentik: Authentik, body: Json, current: User | None = None) -> None:
    """Refuse bad fields, all at once, as the vendor does."""
    faults: dict[str, list[str]] = {}
    for key in ("username", "name"):
        if current is None and body.get(key) is None:
            faults[key] = [REQUIRED]
        elif key in body and not isinstance(body[key], str):
            faults[key] = ["Not a valid string."]
    if body.get("username") == "":
        faults["username"] = [BLANK]
    holder = authentik.users.get(str(body.get("username")))
    if holder is not None and holder is not current:
        faults["username"] = [UNIQUE]
    kind = body.get("type", "internal")
    if kind not in USER_TYPES:
        faults["type"] = [f'"{kind}" is not a valid choice.']
    if not isinstance(body.get("is_active", True), bool):
        faults["is_active"] = ["Must be a valid boolean."]
    known = {group.pk for group in authentik.groups.values()}
    unknown = [pk for pk in body.get("groups", ()) if pk not in known]
    if unknown:
        faults["groups"] = [f'Invalid pk "{unknown[0]}" - object does not exist.']
    if faults:
        raise Refusal(400, faults)


def _create(authentik: Authentik, body: Json) -> User:
    _validate(authentik, body)
    name = str(body["username"])
    made = authentik.add_user(
        name.lower() if authentik.folds_names else name, type=body.get("type", "internal"), name=body["name"]
    )
    _assign(authentik, made, body)
    return made


def _assign(authentik: Authentik, one: User, body: Json) -> None:
    body = {key: value for key, value in body.items() if key not in authentik.leaves}
    for key in ("name", "type", "is_active", "email", "path", "attributes"):
        if key in body:
            setattr(one, key, body[key])
    if "groups" in body:
        one.groups = {group.name for group in authentik.groups.values() if group.pk in body["groups"]}
    wanted = str(body.get("username", one.username))
    wanted = wanted.lower() if authentik.folds_names else wanted
    if wanted != one.username:
        del authentik.users[one.username]
        one.username = wanted
        authentik.users[one.username] = one
    one.updated = authentik.clock.now()
