"""The JSON of the embedded authentik's API objects, key for key as authentik 2026.5.0-rc1 sent them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from tests.estate.authentik.model import Device, Group, User
from tests.estate.authentik.permissions import Refusal
from tests.estate.core import stamp

if TYPE_CHECKING:
    from tests.estate.authentik import Authentik

Json = dict[str, Any]
AVATAR = "/static/dist/assets/images/user_default.png"


def _plain(kind: str, nullable: bool = False, options: list[str] | None = None) -> Json:
    return {"type": kind, "nullable": nullable, "options": options}


def _autocomplete(model: str, columns: Json) -> Json:
    relation = _plain("relation") | {"relation": f"{model}_attributes"}
    return {"current_model": model, "models": {model: columns | {"attributes": relation}}}


USERS = _autocomplete(
    "authentik_core.user",
    {name: _plain("str") for name in ("username", "name", "email", "path")}
    | {"is_active": _plain("bool", nullable=True)}
    | {"type": _plain("str", options=["internal", "external", "service_account", "internal_service_account"])},
)
GROUPS = _autocomplete("authentik_core.group", {"name": _plain("str"), "is_superuser": _plain("bool", nullable=True)})


def when(moment: datetime | None) -> str | None:
    """Write a time that may not have come."""
    return stamp(moment) if moment else None


def user_json(authentik: Authentik, user: User, with_groups: bool = True) -> Json:
    """Return an account."""
    groups = [authentik.groups[name] for name in sorted(user.groups) if name in authentik.groups]
    return {
        "pk": user.pk,
        "username": user.username,
        "name": user.name,
        "is_active": user.is_active,
        "last_login": when(user.last_login),
        "date_joined": stamp(user.joined),
        "is_superuser": user.is_superuser,
        "groups": [group.pk for group in groups],
        "groups_obj": [_partial_group(group) for group in groups] if with_groups else None,
        "roles": [],
        "roles_obj": [] if with_groups else None,
        "email": user.email,
        "avatar": AVATAR,
        "attributes": user.attributes,
        "uid": user.uid,
        "path": user.path,
        "type": user.type,
        "uuid": user.uuid,
        "password_change_date": when(user.password_changed or user.joined),
        "last_updated": when(user.updated or user.joined),
    }


def group_json(authentik: Authentik, group: Group, with_users: bool, with_parents: bool = False) -> Json:
    """Return a group; its parents are named only where they are asked for (by the vendor's OpenAPI file)."""
    members = [user for user in list(authentik.users.values()) if group.name in user.groups]
    parents = [_partial_group(parent) | {"group_uuid": parent.pk} for parent in group.parents]
    facts = _partial_group(group) | {"parents": [parent.pk for parent in group.parents], "roles": [], "roles_obj": []}
    facts |= {"parents_obj": parents if with_parents else None}
    facts |= {"users": [user.pk for user in members], "children": [], "children_obj": None}
    return facts | {"users_obj": [_partial_user(user) for user in members] if with_users else None}


def device_json(user: User, device: Device) -> Json:
    """Return a static device, its codes in plain text."""
    codes = [{"token": code} for code in device.codes]
    return {"name": device.name, "token_set": codes, "pk": device.pk, "user": _partial_user(user)}


def page(request: Request, rows: list[Json], autocomplete: Json) -> Json:
    """Return one page of a list, with the vendor's pagination: zero stands for no page."""
    size = min(_number(request, "page_size", 20) or 20, 100)
    current = _number(request, "page", 1) or 1
    total = max(-(-len(rows) // size), 1)
    if current > total:
        raise Refusal(404, {"detail": "Invalid page."})
    shown = rows[(current - 1) * size : current * size]
    pagination = {
        "next": current + 1 if current < total else 0,
        "previous": current - 1,
        "count": len(rows),
        "current": current,
        "total_pages": total,
        "start_index": (current - 1) * size + 1 if shown else 0,
        "end_index": (current - 1) * size + len(shown),
    }
    return {"pagination": pagination, "results": shown, "autocomplete": autocomplete}


def _number(request: Request, key: str, otherwise: int) -> int:
    text = request.query_params.get(key, "")
    return int(text) if text.isdigit() else otherwise


def _partial_group(group: Group) -> Json:
    return {"pk": group.pk, "num_pk": group.num_pk, "name": group.name, "is_superuser": False, "attributes": {}}


def _partial_user(user: User) -> Json:
    return {
        "pk": user.pk,
        "username": user.username,
        "name": user.name,
        "is_active": user.is_active,
        "last_login": when(user.last_login),
        "email": user.email,
        "attributes": user.attributes,
        "uid": user.uid,
    }
