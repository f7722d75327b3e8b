"""
The new name in a redirect of Forgejo or Gitea, for a renamed repository, organization or user.

Measured on Gitea 1.26.0: a repository that was renamed answers 301 on every method, an organization or user 307, each
with a `Location` at the new name. For an owner Gitea replaces the first occurrence of the old name in the whole path,
so an organization called `v1` leads to `/api/new/orgs/v1` (measured). Pure functions; no redirect is ever followed.
"""

from __future__ import annotations

import re

import httpx

from ..http.answers import location, origin
from ..settings.place import Place

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_REPOSITORY = re.compile(rf"/api/v1/repos/({_NAME}/[A-Za-z0-9._-]+)(?=/|$)")


def new_name(response: httpx.Response, place: Place) -> str:
    """
    Return the new name of the owner of the secret at *place*, if the redirect shows one on the same server; else an
    empty text.

    Requests for the token's own user contain no name, so a new name does not matter there.
    """
    here, there = response.request.url, location(response)
    if place.kind not in ("repository", "organization") or origin(there) != origin(here):
        return ""
    owner, *repository = place.path[:-1]
    before, _, after = here.path.partition(owner)
    if there.path != here.path and there.path.startswith(before) and there.path.endswith(after):
        found = there.path[len(before) : len(there.path) - len(after)]
        if re.fullmatch(_NAME, found) and found.lower() != owner.lower():
            return "/".join([found, *repository])
    if not repository:
        return ""
    renamed = _REPOSITORY.search(there.path)
    return renamed[1] if renamed and renamed[1].lower() != "/".join(place.path[:-1]).lower() else ""
