"""
A stand-in for 1Password's `op`, over the embedded vaults; a test puts it on PATH.

By `contracts/onepassword.md`: `vault get`, `vault list`, `item list`, `item get`, and `item edit` with an item's JSON
on standard input; failures are exit code 1 and `[ERROR] <date> <time> <message>`. It is signed in if OP_STANDIN_TOKEN
is set. It writes its arguments into the file OP_STANDIN_ARGV, and its errors echo what it was given: nobody may show
them.

It is started some hundred times in a run of the tests: with `http.client` it would take twice as long.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any, NoReturn

Json = dict[str, Any]

SAYS = {
    401: "(401) Unauthorized: You are not currently signed in",
    403: "(403) Forbidden: You do not have permission to perform this action",
    404: '"it" isn\'t an item. Specify the item with its UUID, name, or domain.',
    409: "(409) Conflict: Internal server conflict",
    429: "(429) Too Many Requests: you have exceeded the rate limit",
    500: "(500) Internal Server Error: something went wrong",
}


def fail(message: str) -> NoReturn:
    """Say so as `op` does."""
    print(f"[ERROR] 2026/11/24 12:00:00 {message}", file=sys.stderr)
    raise SystemExit(1)


def ask(method: str, path: str, body: Json | None = None) -> Any:
    """Ask the embedded vaults."""
    token = os.environ.get("OP_STANDIN_TOKEN")
    if not token:
        fail("You are not currently signed in. Please run `op signin --help` for instructions")
    host, _, port = os.environ["OP_STANDIN_URL"].partition("//")[2].rpartition(":")
    data = b"" if body is None else json.dumps(body).encode()
    lines = [
        f"{method} /direct{path} HTTP/1.1",
        f"Host: {host}:{port}",
        f"Authorization: Bearer {token}",
        f"Content-Length: {len(data)}",
        "Connection: close",
    ]
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + data)
        top, _, answer = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
    status = int(top.split(maxsplit=2)[1])
    if status != 200:
        fail(f"{SAYS[status]} {body}")
    return json.loads(answer)


def one(things: list[Json], key: str, wanted: str, what: str) -> str:
    """Return the id of the one thing of that name, in whatever letters, or id."""
    ids = [thing["id"] for thing in things if wanted == thing["id"]]
    ids = ids or [thing["id"] for thing in things if thing[key].lower() == wanted.lower()]
    if not ids:
        fail(f'"{wanted}" isn\'t {what}. Specify it with its UUID or name.')
    if len(ids) > 1:
        fail(f'More than one {what.split()[-1]} matches "{wanted}". Try again and specify it by its ID: {ids}')
    return str(ids[0])


def shown(item: Json) -> Json:
    """Return an item as `op` prints it."""
    sections = {section.get("id"): section for section in item["sections"]}
    fields = []
    for field in item["fields"]:
        print_as = {name: value for name, value in field.items() if not (name == "value" and value == "")}
        if "section" in field:
            print_as["section"] = sections.get(field["section"].get("id"), field["section"])
        place = f"op://{item['vault']['name']}/{item['title']}/{field.get('label')}"
        fields.append(print_as | {"reference": place})
    top = ("id", "title", "tags", "version", "vault", "category", "sections")
    moments = {"created_at": item["createdAt"], "updated_at": item["updatedAt"]}
    return {name: item[name] for name in top} | moments | {"fields": fields}


def kept(field: Json) -> Json:
    """Return a field of the given JSON as the vault keeps it."""
    plain = {name: value for name, value in field.items() if name != "reference"}
    # "If left empty, 1Password will generate a random ID" (the vendor's page on item templates).
    plain["id"] = plain.get("id") or os.urandom(13).hex()
    plain.setdefault("value", "")
    if "id" in plain.get("section", {}):
        plain["section"] = {"id": plain["section"]["id"]}
    return plain


def stored(given: Json) -> list[Json]:
    """Return the fields of a given item that `op item edit` keeps.

    `op` 2.34 was seen, by others, to take an item with a field in a section that the item does not list, with exit code
    0, and to leave that field out.
    """
    listed = [section.get("id") for section in given.get("sections", [])]
    return [kept(field) for field in given["fields"] if field.get("section", {}).get("id") in (None, *listed)]


def parse(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """Tell names from options, which are written `--name=value` or `--name value`; all is a name after `--`."""
    names: list[str] = []
    options: dict[str, str] = {}
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            names.extend(rest)
        elif word.startswith("--"):
            name, has_value, value = word[2:].partition("=")
            if name not in ("vault", "format", "cache"):
                fail(f"unknown flag: --{name}")
            options[name] = value if has_value else next(rest)
        else:
            names.append(word)
    return names, options


def main() -> None:
    """Run one command."""
    if log := os.environ.get("OP_STANDIN_ARGV"):
        with open(log, "a", encoding="utf-8") as file:
            file.write(json.dumps(sys.argv[1:]) + "\n")
    (thing, verb, *names), options = parse(sys.argv[1:])
    vaults = ask("GET", "")
    answer: Any
    if (thing, verb) == ("vault", "list"):
        answer = vaults
    elif (thing, verb) == ("vault", "get"):
        found = one(vaults, "name", names[0], "a vault")
        answer = next(vault for vault in vaults if vault["id"] == found)
    elif (thing, verb) == ("item", "list"):
        answer = ask("GET", "/" + one(vaults, "name", options["vault"], "a vault"))
    elif thing == "item" and verb in ("get", "edit"):
        vault = one(vaults, "name", options["vault"], "a vault")
        path = f"/{vault}/" + one(ask("GET", f"/{vault}"), "title", names[0], "an item")
        item = ask("GET", path)
        if verb == "edit":
            given = json.load(sys.stdin)
            body = {"version": item["version"], "sections": given.get("sections", []), "fields": stored(given)}
            item = ask("PUT", path, body)
        answer = shown(item)
    else:
        fail(f"unknown command {thing} {verb}")
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
