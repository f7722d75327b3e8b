"""
The outside systems of a stack in one look: who was asked, and who answered. Pure.
"""

from __future__ import annotations

from .document import System
from .look import Look, Resource

# How the condition of a resource begins that could not be compared in this look.
UNCHECKED = ("not checked: ", "refused: ", "cannot be checked: ")
# The system of each kind of resource, and the property that says where it is.
SYSTEMS = {
    "authentik:ServiceAccount": ("authentik", "authentik_url"),
    "zot:ApiKey": ("zot", "zot_url"),
    "zot:RetiredKeys": ("zot", "zot_url"),
    "onepassword:ItemField": ("1Password", "via"),
    "forgejo:ActionsSecret": ("Forgejo", "forgejo_url"),
}


def lines_of(texts: list[str]) -> list[str]:
    """
    Return every line of the *texts* that is not empty.
    """
    return [line.strip() for text in texts for line in text.splitlines() if line.strip()]


def systems_of(look: Look) -> list[System]:
    """
    Return each system once, by its address.
    """
    found: dict[tuple[str, str], list[Resource]] = {}
    for resource in look.resources:
        name, address = SYSTEMS.get(resource.kind, ("", ""))
        where = (resource.facts or resource.wanted).get(address)
        if name and (where or name == "1Password"):
            found.setdefault((name, str(where or "")), []).append(resource)
    return [_system(name, address, resources, look) for (name, address), resources in sorted(found.items())]


def _system(name: str, address: str, resources: list[Resource], look: Look) -> System:
    urns = {resource.urn for resource in resources}
    failures = lines_of([text for urn, text in look.errors if urn in urns])
    asked = [one for one in resources if one.seen is not None and not _is_never_asked(one)]
    silent = [condition for one in asked if (condition := str(one.facts.get("condition"))).startswith(UNCHECKED)]
    why = list(dict.fromkeys([*failures, *silent]))
    if why:
        return System(name, address, asked=True, answered=False, why=why)
    # A preview that failed amid its reads does not show who had answered before it ended.
    return System(name, address, asked=bool(asked), answered=True if asked else None, why=[])


def _is_never_asked(resource: Resource) -> bool:
    """
    A user's own secrets cannot be listed, so nobody asks for them.
    """
    facts = resource.facts
    return resource.kind == "forgejo:ActionsSecret" and not (facts.get("repository") or facts.get("organization"))
