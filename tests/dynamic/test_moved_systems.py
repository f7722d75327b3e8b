"""
A system that redirects to the same path at another host, for each of the five resources: told by its new URL, nothing
is replaced for it, and what may be left behind is one line.
"""

from __future__ import annotations

import pytest
from starlette.responses import Response

from tests.dynamic.test_conditions import SUBJECTS, Subject
from tests.dynamic.wanted import calls, next_run, no_key_is_left, outs_of, secret
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import World
from zot_ci.http.errors import SystemMovedError

pytestmark = pytest.mark.embedded

NEW = "https://new.example.test"
MOVED = f"moved to {NEW}: "


def move(world: World, system: str) -> None:
    """Let whatever is asked of a system be redirected there."""
    rules = Between(world.estate.systems[system]).rules
    rules.append(lambda method, path: Response(status_code=308, headers={"location": f"{NEW}{path}"}))


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_read_says_where_the_system_is_and_replaces_nothing(
    name: str, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The facts of before stay; the system is not asked again and again."""
    subject: Subject = SUBJECTS[name]
    olds = subject.made(signed_in)
    next_run(signed_in)
    move(signed_in, subject.system)
    wanted = subject.wanted(signed_in)

    seen = outs_of(subject.provider.read("id", olds))

    assert seen == olds | {"condition": seen["condition"]}
    assert seen["condition"].startswith(MOVED)
    assert len(calls(signed_in)) == 1
    subject.provider.check(wanted, wanted)
    difference = subject.provider.diff("id", seen, wanted)
    assert (difference.changes, difference.replaces) == (True, [])
    assert caplog.text.count(MOVED) == 1


@pytest.mark.parametrize("name", ["field", "secret", "account"])
def test_what_is_left_behind_it_is_one_warning(name: str, signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Taking it out of the stack file always works."""
    subject = SUBJECTS[name]
    olds = subject.made(signed_in)
    next_run(signed_in)
    no_key_is_left(signed_in)
    move(signed_in, subject.system)
    caplog.clear()

    subject.provider.delete("id", olds)

    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert_names(warning, f" was left, since it moved to {NEW}; ", "by hand")


def test_a_key_behind_it_stays_in_the_state(signed_in: World) -> None:
    """It lives, and somebody has to end it: where, the line says."""
    subject = SUBJECTS["key"]
    olds = subject.made(signed_in)
    next_run(signed_in)
    move(signed_in, "zot")

    with pytest.raises(SystemMovedError) as caught:
        subject.provider.delete(olds["uuid"], olds)

    assert_names(caught.value, f"moved to {NEW};", f"key {olds['uuid']}", "not revoked yet")
    assert caught.value.new_name == NEW


def test_it_is_told_once_for_all_that_the_system_has(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """A hundred places have one cause."""
    provider = SUBJECTS["secret"].provider
    many = [secret(signed_in, secret=name) for name in ("A", "B", "C")]
    olds = [outs_of(provider.create(one)) for one in many]
    next_run(signed_in)
    move(signed_in, "forgejo")

    for old, news in zip(olds, many, strict=True):
        seen = outs_of(provider.read("id", old))
        provider.check(news, news)
        assert provider.diff("id", seen, news).changes

    assert caplog.text.count(MOVED) == 1
