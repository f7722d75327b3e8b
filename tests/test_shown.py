"""
The engine's output, shortened: what is kept of it, and that an engine with other words loses no sentence.
"""

from __future__ import annotations

from tests.shown import Line, shortened

UUID = "98fa3927-6c0f-4b63-8100-4fe8ff226580"
PREVIEW = """\
Previewing update (demo):

 ~  pulumi-python:dynamic/zot:ApiKey zot-ci-api-key refreshing
 ~  pulumi-python:dynamic/zot:ApiKey zot-ci-api-key refresh [diff: ~condition]
    pulumi:pulumi:Stack zot-ci-demo running
    pulumi:pulumi:Stack zot-ci-demo running zot API key of zot-ci: 91 days old, rotates after 90
 ++ pulumi-python:dynamic/zot:ApiKey zot-ci-api-key create replacement [diff: ~condition]
 +- pulumi-python:dynamic/zot:ApiKey zot-ci-api-key replace [diff: ~condition]
 ~  pulumi-python:dynamic/forgejo:ActionsSecret zot-ci-actions-secret-a/b/c update [diff: ~key_uuid,value]
 -- pulumi-python:dynamic/zot:ApiKey zot-ci-api-key delete original [diff: ~condition]
    pulumi:pulumi:Stack zot-ci-demo  1 message
Diagnostics:
  pulumi:pulumi:Stack (zot-ci-demo):
    zot API key of zot-ci: 91 days old, rotates after 90

Resources:
    ~ 3 to update
    +-1 to replace
    4 changes. 3 unchanged

error: no changes were expected for preview but changes were proposed
"""
UP = f"""\
Updating (demo):
 ++ pulumi-python:dynamic/zot:ApiKey zot-ci-api-key creating replacement (0s) [diff: ~condition]
    pulumi:pulumi:Stack zot-ci-demo running zot: created key {UUID} for zot-ci, expires 2027-06-24 16:35:11+00:00
 ++ pulumi-python:dynamic/zot:ApiKey zot-ci-api-key created replacement (0.06s) [diff: ~condition]
Outputs:
    accounts: {{
        zot-ci: {{
            access         : "can create, cannot delete"
        }}
    }}
Resources:
    7 unchanged

Duration: 8s
"""


def _shown(text: str) -> list[Line]:
    return list(shortened(text.splitlines()))


def test_a_preview_keeps_the_sentence_the_plan_and_the_count() -> None:
    """Once each, and a replacement in one line."""
    assert _shown(PREVIEW) == [
        Line("drift", "zot API key of zot-ci: 91 days old, rotates after 90"),
        Line("plan", "+- zot:ApiKey  replace: condition"),
        Line("plan", "~  forgejo:ActionsSecret  update: key_uuid, value"),
        Line("count", "3 to update, 1 to replace, 3 unchanged"),
    ]


def test_an_up_keeps_what_was_done_with_ids_and_times_that_a_person_reads() -> None:
    """No progress, and no outputs."""
    assert _shown(UP) == [
        Line("done", "zot: created key 98fa3927… for zot-ci, expires 2027-06-24 16:35"),
        Line("count", "7 unchanged"),
    ]


def test_a_sentence_is_shown_though_the_progress_is_worded_in_another_way() -> None:
    """The engine gathers all of them at the end, under the resource that they belong to."""
    text = "Diagnostics:\n  pulumi-python:dynamic/zot:ApiKey (zot-ci-api-key):\n    zot API key of zot-ci: revoked\n"

    assert _shown(text) == [Line("drift", "zot API key of zot-ci: revoked")]


def test_an_error_is_shown_as_one() -> None:
    """Also one that the engine gathered."""
    text = "Diagnostics:\n  zot:ApiKey (zot-ci-api-key):\n    error: zot answered 401\n\nerror: update failed\n"

    assert _shown(text) == [Line("error", "error: zot answered 401"), Line("error", "error: update failed")]


def test_a_line_is_shown_before_the_next_one_is_read() -> None:
    """A person waits for a run of seconds."""
    lines = iter(UP.splitlines())

    assert next(shortened(lines)).kind == "done"
    assert len(list(lines)) > 5
