"""
monitoring/: alert rules and dashboard ask for metrics that exist, and the rules do what they say.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

from scripts.watch.metrics import METRICS, exposition
from tests.watch.test_metrics import full

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "monitoring"
RULES = FOLDER / "alerts.yaml"
DASHBOARD = FOLDER / "dashboard.json"
DOCUMENT = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")


def promtool(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """
    Run promtool, or skip.
    """
    path = os.pathsep.join([str(ROOT / ".tools/bin"), os.environ.get("PATH", os.defpath)])
    program = shutil.which("promtool", path=path)
    if program is None:
        pytest.skip("no promtool: `make alerts` builds one where Go is there")
    return subprocess.run([program, *arguments], cwd=FOLDER, input=text, capture_output=True, text=True, check=False)


def rules() -> list[dict[str, Any]]:
    """
    Every alert.
    """
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def asked(text: str) -> set[str]:
    """
    The metrics that a text names.
    """
    return set(re.findall(r"\bzot_ci_\w+", text))


def test_promtool_finds_no_fault_in_the_rules() -> None:
    """Syntax, and the templates in the annotations."""
    run = promtool("check", "rules", RULES.name)

    assert run.returncode == 0, run.stdout + run.stderr


def test_each_alert_fires_when_it_says_and_not_before() -> None:
    """The cases in alerts.test.yaml, with every alert among them."""
    cases = (FOLDER / "alerts.test.yaml").read_text(encoding="utf-8")
    firing = {
        case["alertname"]
        for test in yaml.safe_load(cases)["tests"]
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }

    run = promtool("test", "rules", "alerts.test.yaml")

    assert run.returncode == 0, run.stdout + run.stderr
    assert firing == {rule["alert"] for rule in rules()}


def test_promtool_finds_a_planted_fault(tmp_path: Path) -> None:
    """The check can fail."""
    for file in FOLDER.glob("*.yaml"):
        shutil.copy(file, tmp_path)
    (tmp_path / "alerts.yaml").write_text(RULES.read_text(encoding="utf-8").replace("7 * 86400", "6 * 86400"))

    assert promtool("test", "rules", str(tmp_path / "alerts.test.yaml")).returncode == 1


def test_promtool_takes_the_metrics() -> None:
    """Their names and units follow the conventions as far as promtool knows them."""
    pytest.importorskip("prometheus_client")

    run = promtool("check", "metrics", text=exposition(full()))

    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", [RULES, DASHBOARD, FOLDER / "alerts.test.yaml"], ids=lambda path: path.name)
def test_only_metrics_that_exist_are_asked_for(path: Path) -> None:
    """A renamed metric would leave an alert that never fires."""
    found = asked(path.read_text(encoding="utf-8"))

    assert found
    assert found - METRICS.keys() == set()


def test_the_dashboard_shows_what_the_alerts_are_about() -> None:
    """Whoever follows an alert finds its metric there; every panel asks for something."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]

    assert asked(" ".join(rule["expr"] for rule in rules())) <= asked(" ".join(expressions))
    assert all(asked(expression) for expression in expressions)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24


def test_the_document_names_every_metric_by_its_labels() -> None:
    """And none that is not there."""
    items = re.findall(r"^- (`stack`[^:]*): (.*\n(?:  .*\n)*)", DOCUMENT, re.MULTILINE)
    shown = {name: re.findall(r"`(\w+)`", labels) for labels, names in items for name in re.findall(r"`(\w+)`", names)}

    assert shown == {name: list(labels) for name, (_, labels) in METRICS.items()}


def test_every_alert_says_what_to_do() -> None:
    """In its description, which whoever gets it reads: a command, or where to look."""
    advice = {rule["alert"]: rule["annotations"]["description"] for rule in rules()}

    assert [name for name, text in advice.items() if not re.search(r"`scripts/stack\.py |\bLook at ", text)] == []
