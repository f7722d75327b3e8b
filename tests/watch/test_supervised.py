"""
scripts/stack.py over a stand-in for the engine: what it becomes, what it runs, and that pings and notices change
neither exit code nor signals.
"""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pytest

from scripts.watch import engine
from tests.answers.certificates import certificate
from tests.watch.listening import Script, hidden, listening, wait_for_line
from tests.watch.said import OLDER, Said

NOT_DELIVERED = "stack: the notice was not delivered to all; check ZOT_CI_NOTIFY_URLS and the services\n"


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """
    The script in a project of its own.
    """
    return Script(tmp_path)


@pytest.mark.parametrize("command", ["preview", "drift", "up"])
def test_without_pings_and_notices_the_script_becomes_the_engine(command: str, script: Script) -> None:
    """The same process, so that signals and exit code are the engine's."""
    script.does(code=7)

    process = script.begin(command)
    out, _ = process.communicate(timeout=180)

    assert process.returncode == 7
    assert out.startswith(f"pid {process.pid} ")


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_the_exit_code_is_the_engine_s_and_the_ping_says_whether_it_was_0(code: int, script: Script) -> None:
    """Start, then the end; the engine and what it starts do not get the URL."""
    script.does(code=code)
    with listening() as heard:
        found, out, err = script.run("drift", ZOT_CI_PING_URL=f"{heard.url}/x")

    assert (found, err) == (code, "")
    assert heard.pings == ["/x/start", "/x" if code == 0 else "/x/fail"]
    assert out.rstrip().endswith(" []")


def test_a_preview_pings_nobody(script: Script) -> None:
    """It is a person's, or a pull request's."""
    with listening() as heard:
        script.run("preview", ZOT_CI_PING_URL=f"{heard.url}/x", ZOT_CI_NOTIFY_URLS=heard.service)

    assert heard.requests == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_passed_on_once_and_the_engine_s_exit_code_kept(number: signal.Signals, script: Script) -> None:
    """A second one would end the engine amid its work."""
    script.does(catches=[number], waits=True, code=1)
    with listening() as heard:
        process = script.begin("up", ZOT_CI_PING_URL=f"{heard.url}/x")
        wait_for_line(process)
        process.send_signal(number)
        process.communicate(timeout=180)

    assert process.returncode == 1
    assert (script.folder / "got").read_text() == str(int(number))
    assert heard.pings == ["/x/start", "/x/fail"]


def test_an_engine_that_a_signal_ended_ends_the_script_by_the_same(script: Script) -> None:
    """As if it were the engine."""
    script.does(waits=True)
    with listening() as heard:
        process = script.begin("up", ZOT_CI_PING_URL=f"{heard.url}/x")
        wait_for_line(process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=180)

    assert process.returncode == -signal.SIGTERM
    assert heard.pings == ["/x/start", "/x/fail"]


def test_a_command_that_hangs_is_ended_with_all_that_it_started(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look for a notice asks systems that may be silent; the run is over and is not held up by it."""
    monkeypatch.setenv("PATH", script.env["PATH"])
    monkeypatch.setattr(engine, "ROOT", script.project)
    script.does(waits=True)

    run = engine.ask("homelab", "up", patience_seconds=0.5)

    assert run.returncode == -signal.SIGKILL
    assert (run.stdout, run.stderr) == ("", "error: the engine gave no answer within 0.5 s")


def test_a_silent_service_does_not_change_the_run(script: Script) -> None:
    """Nobody listens: a line each, and no URL in it."""
    script.does(code=7)
    begun = time.monotonic()

    urls = {"ZOT_CI_PING_URL": "http://127.0.0.1:1/secret", "ZOT_CI_NOTIFY_URLS": "json://127.0.0.1:1/secret"}
    code, _, err = script.run("drift", **urls)

    assert code == 7
    assert time.monotonic() - begun < 120
    assert "secret" not in err
    assert "127.0.0.1" not in err
    assert {line.partition(" was ")[0].partition(" got ")[0] for line in err.splitlines()} <= {
        "stack: the ping",
        "stack: the notice",
        "stack: the notice needs the package apprise: `make extras` gets it",
    }


def test_a_rotation_is_told_after_the_run(script: Script) -> None:
    """The key in the state is another one than before."""
    pytest.importorskip("apprise")
    before = Said().account()
    for resource in before.state["deployment"]["resources"]:
        if "uuid" in resource["outputs"]:
            resource["outputs"]["uuid"] = OLDER
    script.says(before)
    script.then(Said().account())

    with listening() as heard:
        code, _, err = script.run("up", ZOT_CI_NOTIFY_URLS=heard.service)

    assert (code, err) == (0, "")
    (notice,) = heard.notices
    assert (notice["title"], notice["type"]) == ("zot-ci homelab: rotated the key of zot-ci", "success")
    # A run that succeeded is not followed by another look at every system.
    assert [line for line in script.asked if line.startswith("preview")] == []


def test_drift_is_told_to_every_service_with_what_the_look_found(script: Script) -> None:
    """The look is made for the notice; the run's own output is the engine's."""
    pytest.importorskip("apprise")
    said = Said().account(changes={"authentik:ServiceAccount": "update"})
    script.says(said.sentences("authentik account zot-ci: left group ci"))
    script.does(code=7)

    with listening() as first, listening() as second:
        code, _, err = script.run("drift", ZOT_CI_NOTIFY_URLS=f"{first.service}\n{second.service}")

    assert (code, err) == (7, "")
    assert [notice["message"] for notice in first.notices] == ["authentik account zot-ci: left group ci"]
    assert first.notices == second.notices


@pytest.mark.parametrize("longest", [16383, 4000, 2000])
def test_forty_drifted_accounts_arrive_at_a_service_that_refuses_long_messages(longest: int, script: Script) -> None:
    """Mattermost's limit is the server's setting; apprise reckons with 4,000."""
    pytest.importorskip("apprise")
    said = Said()
    for number in range(40):
        said.account(f"ci-{number:02}", changes={"authentik:ServiceAccount": "update"})
        about = f"authentik account ci-{number:02}: left group artifact-workloads"
        said.sentences(f"{about}; is also in group the-others-that-nobody-has-asked-for, and in a-third-one-of-them")
    script.says(said)
    script.does(code=7)

    with listening() as heard:
        heard.longest = longest
        service = heard.url.replace("http:", "mmost:") + "/abcdefghijklmnopqrstuvwxyz"
        code, _, err = script.run("drift", ZOT_CI_NOTIFY_URLS=service)

    texts = [notice["text"] for notice in heard.notices]
    assert code == 7
    assert max(len(text) for text in texts) <= 4000
    assert "40 of 40 accounts out of sync, 40 lines; `scripts/stack.py --stack homelab preview`" in texts[0]
    assert err == (
        ""
        if longest >= 4000
        else "stack: the notice was not delivered to all; check ZOT_CI_NOTIFY_URLS and the services\n"
    )
    assert len(texts) == (2 if longest >= 4000 else 1)


def test_a_service_with_a_certificate_of_one_s_own_authority_is_told(script: Script, tmp_path: Path) -> None:
    """By the trust store that the program's own requests are checked with."""
    pytest.importorskip("apprise")
    script.does(code=1)
    own = certificate(tmp_path)

    with listening(own) as heard:
        refused = script.run("up", ZOT_CI_NOTIFY_URLS=heard.service)
        told = script.run("up", ZOT_CI_NOTIFY_URLS=heard.service, SSL_CERT_FILE=str(own))

    assert refused[2] == NOT_DELIVERED
    assert told[2] == ""
    assert len(heard.notices) == 1


def test_a_failure_is_told_also_where_the_state_cannot_be_read(script: Script) -> None:
    """The stack is not there, or the passphrase is wrong."""
    pytest.importorskip("apprise")
    (script.folder / "export.json").unlink()
    script.does(code=255)

    with listening() as heard:
        code, _, err = script.run("up", ZOT_CI_NOTIFY_URLS=heard.service)

    assert (code, err) == (255, "")
    assert [notice["message"] for notice in heard.notices] == ["up ended with exit code 255"]


def test_a_url_that_nobody_knows_is_one_line_and_the_others_are_told(script: Script) -> None:
    """And the line does not hold it."""
    pytest.importorskip("apprise")
    script.does(code=1)

    with listening() as heard:
        code, _, err = script.run("up", ZOT_CI_NOTIFY_URLS=f"nonsense://secret {heard.service}")

    assert code == 1
    assert len(heard.notices) == 1
    assert re.fullmatch(r"stack: the notice was not sent to all: .*; correct it\n", err)
    assert "secret" not in err


def test_without_apprise_one_line_says_what_to_install(script: Script, tmp_path: Path) -> None:
    """An extra: the run goes on without."""
    script.does(code=1)

    path = hidden(tmp_path / "hidden", "apprise")
    code, _, err = script.run("up", ZOT_CI_NOTIFY_URLS="json://127.0.0.1:1/", PYTHONPATH=path)

    assert code == 1
    assert err == "stack: the notice needs the package apprise: `make extras` gets it\n"
