"""
Embedded stand-ins for authentik, zot, 1Password Connect and Forgejo: enough of each to run the whole program against.

Each system is a plain ASGI application with the vendor's rules, refusals and oddities as they were measured, and with
back doors for tests (methods that say so). Clients reach them by URL, so that a real server may take any one's place.

    with Estate.start() as estate:
        ...  # estate.env, estate.zot, estate.log
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType

from tests.estate import snapshot
from tests.estate.authentik import Authentik, Grant
from tests.estate.core import Call, CallLog, Clock, EstateError, SecretBook, System, World
from tests.estate.forgejo import Forgejo
from tests.estate.onepassword import OnePassword
from tests.estate.server import HOST, PortTakenError, Servers, bind_each
from tests.estate.snapshot import Snapshot
from tests.estate.zot import Zot
from tests.estate.zot.oidc import Provider

__all__ = [
    "NAMES",
    "Call",
    "CallLog",
    "Clock",
    "Estate",
    "EstateError",
    "Grant",
    "PortTakenError",
    "SecretBook",
    "Snapshot",
]

NAMES = ("authentik", "zot", "onepassword", "forgejo")


class Estate:
    """
    Four systems with the content of the reference deployment, before the first ``pulumi up``.

    Use *start*. A system left out by *only* is still an object, but nobody serves it and *env* does not name it.
    """

    def __init__(
        self,
        ports: Mapping[str, int] | None = None,
        only: Iterable[str] = NAMES,
        known_as: Mapping[str, str] | None = None,
        paths: Mapping[str, str] | None = None,
        forgejos: Iterable[str] = (),
    ) -> None:
        more = tuple(forgejos)
        self.served = (*(name for name in NAMES if name in set(only)), *more)
        self.world = World()
        self.log, self.secrets, self.errors, self.clock = (
            self.world.log,
            self.world.secrets,
            self.world.errors,
            self.world.clock,
        )
        listeners = bind_each(self.served, ports or {})
        self.listening = {name: f"http://{HOST}:{listener.getsockname()[1]}" for name, listener in listeners.items()}
        urls = self.listening | dict(known_as or {})
        urls |= {name: urls[name] + path for name, path in (paths or {}).items()}
        self.authentik = Authentik(self.world, urls.get("authentik", ""))
        self.zot = Zot(self.world, urls.get("zot", ""))
        self.onepassword = OnePassword(self.world, urls.get("onepassword", ""))
        self.forgejo = Forgejo(self.world, urls.get("forgejo", ""))
        others = {name: Forgejo(self.world, urls[name], name) for name in more}
        self.forgejos = {"forgejo": self.forgejo, **others}
        self.env = self._furnish()
        self.systems: dict[str, System] = {name: getattr(self, name) for name in NAMES} | self.forgejos
        self._servers = Servers()
        for name in self.served:
            self._servers.add(self.systems[name].app, listeners[name])

    @classmethod
    def start(
        cls,
        ports: Mapping[str, int] | None = None,
        only: Iterable[str] = NAMES,
        known_as: Mapping[str, str] | None = None,
        paths: Mapping[str, str] | None = None,
        forgejos: Iterable[str] = (),
    ) -> Estate:
        """
        Serve an estate from a background thread.

        Args:
            ports: the port of a system by its name; free ones otherwise.
            only: the systems to serve.
            known_as: the URL by which a system is reached and knows itself, where a proxy stands in front of it. Where
                it really listens is in *listening*.
            paths: the path below which a system is served, such as ``{"authentik": "/sso"}``; the root otherwise.
            forgejos: the names of further Forgejos, each with a repository ``eblume/blumeops`` and a token of its own:
                ``("codeberg",)`` gives *forgejos*["codeberg"], ``FORGEJO_CODEBERG_URL`` and ``FORGEJO_CODEBERG_TOKEN``.

        Raises:
            PortTakenError: a port asked for is taken; says of which system.
        """
        estate = cls(ports, only, known_as, paths, forgejos)
        estate._servers.start()
        return estate

    def stop(self) -> None:
        """End the servers."""
        self._servers.stop()

    def snapshot(self) -> Snapshot:
        """Keep what all systems know, with clock, log and secrets, for *restore*; while nobody is asking them."""
        return snapshot.take(self.world, self.systems)

    def restore(self, kept: Snapshot) -> None:
        """
        Go back to a snapshot of this estate, as often as wanted; addresses and ports stay.

        What a test took out of a system before (a user, an item) is no part of it any longer: look it up again.
        """
        snapshot.put_back(kept, self.world, self.systems)

    def pickled(self, kept: Snapshot) -> bytes:
        """Return a snapshot of this estate as bytes, for *unpickled* in another process."""
        return snapshot.pickled(kept, self.world, self.systems)

    def unpickled(self, data: bytes) -> Snapshot:
        """Return such a snapshot, for *restore*; this estate has the systems and addresses of the one before."""
        return snapshot.unpickled(data, self.world, self.systems)

    def most_in_flight(self, name: str) -> int:
        """
        Return how many requests to that system were under way at once, at most; zot's own to authentik included.

        An answer here takes no time: give the system a *latency*, or parallel requests hardly meet.
        """
        return self.systems[name].traffic.most

    def connections(self, name: str) -> int:
        """Return on how many connections that system was asked."""
        return len(self.systems[name].traffic.peers)

    def forget_traffic(self) -> None:
        """Count requests in flight and connections anew from here on."""
        for system in self.systems.values():
            system.traffic.forget()

    def check(self) -> None:
        """
        Fail loudly if a handler raised.

        Raises:
            EstateError: with the traceback.
        """
        if self.errors:
            raise EstateError("\n".join(self.errors))

    def __enter__(self) -> Estate:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if kind is None:
            self.check()

    def _furnish(self) -> dict[str, str]:
        """Fill the systems; return the environment by which they are used."""
        authentik, zot, onepassword, forgejo = self.authentik, self.zot, self.onepassword, self.forgejo
        both = ("admins", "artifact-workloads")
        authentik.add_user(
            "akadmin", groups=both[:1], type="internal", is_superuser=True, name="authentik Default Admin"
        )
        authentik.add_group(both[1])
        redirect_uri = f"{zot.url}/zot/auth/callback/oidc"
        application = authentik.add_application("zot", redirect_uri, both)
        if authentik.url:
            # Without an authentik of its own zot has no provider: its login then is the 404 of "OpenID not configured".
            zot.provider = Provider(
                f"{authentik.url}/application/o/zot/", application.client_id, application.client_secret
            )
        onepassword.add_vault("blumeops")
        others = [(label, self.secrets.new(32)) for label in ("runner-registration", "renovate-token", "webhook")]
        onepassword.add_item("blumeops", "Forgejo Secrets", [*others, ("notes", "shared, edit with care", "STRING")])
        forgejo.add_repo("eblume", "blumeops")
        everything = {
            "AUTHENTIK_TOKEN": authentik.add_token("zot-ci-bot", authentik.bot_grants()),
            "AUTHENTIK_ADMIN_TOKEN": authentik.add_token("akadmin"),
            "AUTHENTIK_URL": authentik.url,
            "ZOT_URL": zot.url,
            "OP_CONNECT_HOST": onepassword.url,
            "OP_CONNECT_TOKEN": onepassword.add_token(["blumeops"]),
            "FORGEJO_TOKEN": forgejo.add_token("eblume", ("write:repository",)),
            "FORGEJO_URL": forgejo.url,
        }
        owner = {"OP": "onepassword"}
        served = {
            key: value
            for key, value in everything.items()
            if owner.get(key.split("_")[0], key.split("_")[0].lower()) in self.served
        }
        for name, other in self.forgejos.items():
            if other is not forgejo:
                other.add_repo("eblume", "blumeops")
                prefix = f"FORGEJO_{name.upper().replace('-', '_')}"
                served[f"{prefix}_URL"] = other.url
                served[f"{prefix}_TOKEN"] = other.add_token("eblume", ("write:repository",))
        return served
