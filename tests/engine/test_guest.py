"""
Our credential in somebody else's program, beside a dynamic provider of its own: whose processes are as if we were not
there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.stack import Stack, engine_is_there
from tests.wheel import Installed
from tests.world import GROUP, ITEM, OWNER, REPOSITORY, VAULT, World, credentials

pytestmark = pytest.mark.embedded

# What a process has for everybody in it.
FACTS = """
import gc, logging, signal, sys

def facts():
    names = ("", "grpc", "grpc._server", "pulumi", "urllib3")
    return {
        "tracebacklimit": getattr(sys, "tracebacklimit", None),
        "gc": gc.get_threshold(),
        "levels": [logging.getLogger(name).level for name in names],
        "handlers": [len(logging.getLogger(name).handlers) for name in names],
        "excepthook": sys.excepthook is sys.__excepthook__,
        "hidden": sorted(name for name, module in sys.modules.items() if module is None and name.startswith("httpx")),
        "SIGTERM": str(signal.getsignal(signal.SIGTERM)),
    }
"""
PROVIDER = """
import json
import pulumi.dynamic
from host_facts import facts

class Provider(pulumi.dynamic.ResourceProvider):
    def create(self, props):
        if props["fails"]:
            raise ValueError("the host's own fault")
        return pulumi.dynamic.CreateResult("facts", {**props, "facts": json.dumps(facts())})

class Facts(pulumi.dynamic.Resource):
    facts: pulumi.Output[str]

    def __init__(self, name, opts=None, fails=False):
        super().__init__(Provider(), name, {"facts": None, "fails": fails}, opts)
"""
PROGRAM = """
import json
import pulumi
from host_facts import facts
from host_provider import Facts

config = pulumi.Config()
needs = []
if config.get("registry"):
    from zot_ci import FieldArgs, RegistryCredential, RegistryCredentialArgs, SecretArgs
    needs = [RegistryCredential("talos", RegistryCredentialArgs(
        zot_url=config.require("registry"),
        authentik_url=config.require("sso"),
        username="ci-talos",
        groups=["artifact-workloads"],
        store=FieldArgs(vault="blumeops", item="Forgejo Secrets", field="ci-talos-api"),
        secrets=[SecretArgs(config.require("forge"), secret="KEY", repository="eblume/blumeops")],
    ))]
pulumi.export("provider", Facts("facts", pulumi.ResourceOptions(depends_on=needs)).facts)
pulumi.export("program", json.dumps(facts()))
if config.get("fails"):
    Facts("failing", pulumi.ResourceOptions(depends_on=needs), fails=True)
"""


@pytest.fixture
def host(world: World, tmp_path: Path, package: Installed) -> Stack:
    """A stack of a program with a dynamic provider of its own, in which ours is installed and not used yet."""
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    source = tmp_path / "source"
    source.mkdir()
    for name, text in {"host_facts": FACTS, "host_provider": PROVIDER, "__main__": PROGRAM}.items():
        (source / f"{name}.py").write_text(text)
    (source / "Pulumi.yaml").write_text("name: host\nruntime: python\nstackConfigDir: stacks\n")
    env = credentials(world) | package.env
    parts = ("Pulumi.yaml", "__main__.py", "host_facts.py", "host_provider.py")
    return Stack(tmp_path / "stack", env, {}, source=source, parts=parts)


def ours(world: World) -> dict[str, Any]:
    """The settings by which the host has a credential of ours."""
    urls = {"registry": world.zot_url, "sso": world.authentik_url, "forge": world.env["FORGEJO_URL"]}
    return {f"host:{name}": url for name, url in urls.items()}


def found(stack: Stack) -> dict[str, Any]:
    """What the last `up` has found in both processes."""
    return dict(json.loads(stack.pulumi("stack", "output", "--json", streams="out").text))


def test_both_processes_are_as_if_we_were_not_there(world: World, host: Stack) -> None:
    """Tracebacks, garbage collection, logs and signals are the host's."""
    world.estate.authentik.add_group(GROUP)
    assert host.up().code == 0
    alone = found(host)
    host.configure(ours(world))
    replaced = host.urns()["facts"]

    run = host.up("--replace", replaced)

    assert run.code == 0, run.text
    assert world.estate.onepassword.field(VAULT, ITEM, "ci-talos-api")
    assert world.estate.forgejo.value(OWNER, REPOSITORY, "KEY")
    assert found(host) == alone


def test_a_fault_of_the_host_s_own_provider_keeps_its_traceback(world: World, host: Stack) -> None:
    """Our lines are short; whoever writes another provider needs the file and the line of its fault."""
    world.estate.authentik.add_group(GROUP)
    host.configure(ours(world) | {"host:fails": "yes"})

    run = host.up()

    assert run.code != 0
    assert "the host's own fault" in run.text
    assert "host_provider.py" in run.text
