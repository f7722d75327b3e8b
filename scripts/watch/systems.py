"""
The systems of a stack in one look: which were asked, and which answered. Pure.
"""

from __future__ import annotations

from .document import System
from .look import Look, Resource

# The begin of the condition of a resource that this look could not compare.
UNCHECKED = ("not checked: ", "refused: ", "cannot be checked: ")
# The system of each kind of resource, and the property with its address.
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
    # A preview that failed during its reads does not show which systems had answered.
    return System(name, address, asked=bool(asked), answered=True if asked else None, why=[])


def _is_never_asked(resource: Resource) -> bool:
    """
    Whether the resource is a user's own secret: those cannot be listed, so the look does not ask for them.
    """
    facts = resource.facts
    return resource.kind == "forgejo:ActionsSecret" and not (facts.get("repository") or facts.get("organization"))
