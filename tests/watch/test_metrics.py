"""
The document as metrics: every value that is known, none that is not, in a text that both kinds of reader take.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.watch.document import Status
from scripts.watch.engine import StackError
from scripts.watch.files import write_whole
from scripts.watch.metrics import METRICS, as_text, exposition, proof_samples, samples
from tests.watch.said import BORN, FIELD_NAME, NOW, OLDER, PROOF, SECRET_NAME, URLS, Said, verified

USE = {
    "used_at": (NOW - timedelta(hours=1)).isoformat(),
    "used_days_ago": 1 / 24,
    "expires_at": (NOW + timedelta(days=9)).isoformat(),
}
STALE = {"key": f"{OLDER} created 2026-09-01", "succeeded_days_ago": 0.5, **USE}


def values(status: Status) -> dict[str, float]:
    """
    Every sample by its name, where there is one of that name.
    """
    return {sample.name: sample.value for sample in samples(status)}


def full() -> Status:
    """
    A document of which everything is known.
    """
    used = f"{OLDER} was used on 2027-01-10, after its successor was published"
    facts: dict[str, dict[str, Any]] = {"zot:RetiredKeys": {"stale": [STALE], "still_used": [used]}}
    facts["zot:ApiKey"] = {"other_keys": ["by hand (…)", "another (…)"], "age_days": 40.5}
    facts["forgejo:ActionsSecret"] = {"proof": PROOF}
    wanted = {"zot:RetiredKeys": {"retire_when_unused": True}}
    said = Said().account(facts=facts, wanted=wanted).up(days_ago=3).up(days_ago=1, result="failed").credential(days=90)
    return said.status(verified=verified())


def test_what_is_known_is_a_value() -> None:
    """Times as seconds since 1970, ages in seconds, what is or is not as 1 or 0."""
    found = values(full())

    assert set(found) == set(METRICS)
    assert found["zot_ci_look_timestamp_seconds"] == NOW.timestamp()
    assert found["zot_ci_last_up_timestamp_seconds"] == (NOW - timedelta(days=1)).timestamp()
    assert found["zot_ci_last_successful_up_timestamp_seconds"] == (NOW - timedelta(days=3)).timestamp()
    assert found["zot_ci_last_up_success"] == 0
    assert found["zot_ci_key_created_timestamp_seconds"] == BORN.timestamp()
    assert found["zot_ci_key_expires_timestamp_seconds"] == (BORN + timedelta(days=120)).timestamp()
    assert found["zot_ci_key_age_seconds"] == 40.5 * 86400
    assert (found["zot_ci_stale_keys"], found["zot_ci_stale_keys_used"], found["zot_ci_other_keys"]) == (1, 1, 2)


def test_what_is_not_known_has_no_sample() -> None:
    """An alert on a value that nobody saw would be an invention; that the look failed is one that was seen."""
    found = values(Said().account().fails("Forgejo … answered 401", "forgejo:ActionsSecret").status())

    assert found["zot_ci_look_success"] == 0
    assert found["zot_ci_system_answered"] == 0
    assert found["zot_ci_key_expires_timestamp_seconds"] == (BORN + timedelta(days=120)).timestamp()
    missing = ("accepted", "created", "account_in_sync", "place_in_sync", "stale_keys", "last_up")
    assert {name for name in found if any(part in name for part in missing)} == {"zot_ci_key_created_timestamp_seconds"}


def test_a_key_that_never_expires_and_one_that_is_not_rotated_have_no_such_time() -> None:
    """Rather than a time that never comes."""
    facts: dict[str, dict[str, Any]] = {"zot:ApiKey": {"expires_at": "", "last_used": ""}}
    found = values(Said().account(facts=facts, wanted={"zot:ApiKey": {"rotate_after_days": 0}}).status())

    assert not {name for name in found if name.startswith("zot_ci_key_") and ("expires" in name or "rot" in name)}
    assert "zot_ci_key_last_used_timestamp_seconds" not in found


def test_a_place_has_a_time_for_each_that_proved_it() -> None:
    """An `up` and `verify`, told apart: both may be collected from files of their own."""
    found = [one for one in samples(full()) if one.name == "zot_ci_place_proven_timestamp_seconds"]

    assert {(one.labels["by"], one.value) for one in found} == {
        ("up", (BORN + timedelta(seconds=4)).timestamp()),
        ("verify", (NOW - timedelta(days=0.4)).timestamp()),
    }
    assert {one.labels["place"] for one in found} == {SECRET_NAME}


@pytest.mark.parametrize(("result", "works"), [("works", 1), ("refused", 0), ("no answer", 0), ("fault", 0)])
def test_a_place_works_or_is_not_known_to(result: str, works: int) -> None:
    """What did not answer did not show that CI can push."""
    found = {one.name: one.value for one in proof_samples(verified(result))}

    assert found["zot_ci_place_works"] == works
    assert ("zot_ci_place_proven_timestamp_seconds" in found) == bool(works)


def test_a_place_without_a_canary_has_no_such_sample() -> None:
    """Nobody can know, and no alert could be quietened."""
    assert list(proof_samples(verified("no canary"))) == []


def test_the_file_of_verify_has_the_same_text_as_the_metrics() -> None:
    """The same names and labels, so that one rule is for both."""
    pytest.importorskip("prometheus_client")
    ours = 'by="verify"'

    line = [line for line in as_text("homelab", proof_samples(verified())).splitlines() if ours in line]

    assert line
    assert line == [one for one in exposition(full()).splitlines() if ours in one]


def test_each_place_and_each_system_has_a_series_of_its_own() -> None:
    """Also where two accounts have places of one name."""
    status = Said().account().account("other").status()
    found = list(samples(status))
    places = [sample.labels for sample in found if sample.name == "zot_ci_place_in_sync"]

    assert {(place["account"], place["place"]) for place in places} == {
        (account, place) for account in ("zot-ci", "other") for place in (FIELD_NAME, SECRET_NAME)
    }
    systems = [sample.labels["address"] for sample in found if sample.name == "zot_ci_system_answered"]
    assert sorted(systems) == sorted(["1Password Connect", *URLS.values()])


def test_the_text_is_read_by_both_kinds_of_reader() -> None:
    """OpenMetrics, and the older form that node_exporter's textfile collector takes."""
    pytest.importorskip("prometheus_client")
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
    from prometheus_client.parser import text_string_to_metric_families as classic

    text = exposition(full())
    readers: list[Any] = [openmetrics, classic]

    for families in (list(read(text)) for read in readers):
        assert {family.name for family in families} == set(METRICS)
        assert {family.type for family in families} == {"gauge"}
        for family in families:
            assert family.documentation == METRICS[family.name][0]
            assert all(set(sample.labels) == set(METRICS[family.name][1]) for sample in family.samples)
            assert {sample.labels["stack"] for sample in family.samples} == {"homelab"}
    assert text.endswith("# EOF\n")


def test_names_that_need_escaping_come_back_as_they_are() -> None:
    """Somebody's item may be called anything."""
    pytest.importorskip("prometheus_client")
    from prometheus_client.parser import text_string_to_metric_families as classic

    odd = 'a "quoted" \\ item\nof two lines'
    text = exposition(Said().account(facts={"onepassword:ItemField": {"item": odd}}).status())

    (family,) = [one for one in classic(text) if one.name == "zot_ci_place_in_sync"]
    assert f"blumeops/{odd}/zot-ci-api" in {sample.labels["place"] for sample in family.samples}


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """An extra."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    with pytest.raises(StackError, match="prometheus_client: `make extras` gets it"):
        exposition(full())


def test_a_file_is_replaced_whole_and_can_be_read_by_others(tmp_path: Path) -> None:
    """And nothing is left beside it."""
    file = tmp_path / "zot-ci.prom"
    file.write_text("old")
    file.chmod(0o600)

    write_whole(file, "new\n")

    assert file.read_text() == "new\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_and_the_file_that_it_leads_to_is_replaced(tmp_path: Path) -> None:
    """Also on another file system."""
    shared = Path("/dev/shm")  # noqa: S108 - as a file system
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has no second file system at /dev/shm")
    link = tmp_path / "zot-ci.prom"
    with tempfile.TemporaryDirectory(dir=shared) as elsewhere:
        file = Path(elsewhere) / "zot-ci.prom"
        file.write_text("old")
        link.symlink_to(file)

        write_whole(link, "new\n")

        assert link.is_symlink()
        assert file.read_text() == "new\n"
        assert list(file.parent.iterdir()) == [file]


def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    """A pipe that another program reads, or `/dev/stdout`, stays what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    write_whole(pipe, "new\n")

    assert os.read(reader, 100) == b"new\n"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_file_that_cannot_be_written_is_one_line_and_stays_as_it_was(tmp_path: Path) -> None:
    """A folder that is not there, and a folder in the file's place."""
    taken = tmp_path / "taken"
    (taken / "inside").mkdir(parents=True)

    for path in (tmp_path / "nowhere" / "x.prom", taken):
        with pytest.raises(StackError, match="cannot be written: ") as caught:
            write_whole(path, "new")
        assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
