"""Recordings made anew and looked through: what changed is shown, and what must not be committed is found."""

import json

import pytest
from click.testing import CliRunner

from azure_devops_evals.cases import CASES
from azure_devops_evals.cli.main import group
from azure_devops_evals.running.leak_scan import Unclean, findings, scan
from azure_devops_evals.running.play import CASSETTES, RECORDINGS
from azure_devops_evals.running.recorder import write
from azure_devops_evals.world.world import TOKEN

CASE = next(case for case in CASES if case.id == "agent-lost")
COMMITTED = sorted(path for folder in (RECORDINGS, CASSETTES) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def refresh(tmp_path):
    path = tmp_path / f"{CASE.id}.json"
    path.write_text((RECORDINGS / path.name).read_text())

    def run(change=lambda document: None, *options):
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))
        done = CliRunner().invoke(group, ["refresh", "--case", CASE.id, "--recordings", str(tmp_path), *options])
        return done, json.loads(path.read_text())

    return run


def test_nothing_changed_is_said(refresh):
    done, _ = refresh()
    assert done.exit_code == 0
    assert done.output.endswith("Every recording is what the simulator answers.\n")


def answer_differently(document):
    document["exchanges"][0]["status"] = 404
    document["exchanges"][0]["body"]["id"] = -1
    gone = document["exchanges"].pop()
    document["exchanges"].append({**gone, "path": "/elsewhere"})


def test_what_changed_is_shown_request_by_request_and_written_only_when_told(refresh):
    done, kept = refresh(answer_differently)
    assert done.exit_code == 7
    assert "agent-lost: changed\n" in done.output
    assert ": status: 404 -> 200\n" in done.output
    assert ": body.id: -1 -> " in done.output
    assert "    - GET /elsewhere" in done.output
    assert "    + GET /Platform/" in done.output
    assert kept["exchanges"][0]["status"] == 404
    done, kept = refresh(lambda document: None, "--write")
    assert done.exit_code == 0
    assert "agent-lost: changed, written" in done.output
    assert kept == json.loads((RECORDINGS / "agent-lost.json").read_text())


def test_another_world_with_the_same_answers_is_named_and_does_not_block(refresh):
    done, _ = refresh(lambda document: document["provenance"].update(world="0" * 16))
    assert done.exit_code == 0
    assert "agent-lost: the same answers, from another world" in done.output


def test_a_recording_says_where_it_comes_from(recorded):
    made = recorded(CASE.id).provenance
    assert (made.source, made.recorded, made.organization) == ("simulator", "2026-11-20T09:00:00Z", "tidewater")
    assert len(made.world) == 16
    assert made.api_version


UNCLEAN = [
    (f'"x": "{TOKEN}"', "the token"),
    ('"x": "ghp_' + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8" + '"', "a secret (github-token)"),
    ('"by": "somebody@contoso.com"', "a mail address"),
    ('"Authorization": "none"', "a credential"),
    ('"set-cookie": "a=b"', "a credential"),
    ("Bearer abcdefghijklmnopqrstuvwxyz", "a credential"),
    ("https://me:pass@host/", "a credential"),
    ("sk-abcdefghijklmnopqrstuvwx", "a credential"),
    ("http://127.0.0.1:4711/x", "an address of a machine"),
    ("/home/somebody/x", "an address of a machine"),
]


@pytest.mark.parametrize(("text", "kind"), UNCLEAN)
def test_what_must_not_be_committed_is_found_and_not_shown(text, kind, tmp_path):
    (tmp_path / "r.json").write_text(f"clean\n{text}\n")
    assert scan(tmp_path / "r.json") == [f"r.json, line 2: {kind}"]
    done = CliRunner().invoke(group, ["scan", str(tmp_path)])
    assert done.exit_code == 3
    assert done.output == f"r.json, line 2: {kind}\n"


@pytest.mark.parametrize(
    "text",
    [
        "dana@tidewater.example",
        "somebody@example.invalid",
        "[secret:account-key:a066e5f18f]",
        "/homepage/x",
        '"authorization": {"parameters": {"password": null}}',
    ],
)
def test_what_is_made_up_or_replaced_is_clean(text):
    assert list(findings(text)) == []


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name)
def test_nothing_committed_holds_what_must_not_be(path):
    assert scan(path) == []


def test_an_unclean_recording_is_not_written(tmp_path, recorded):
    made = recorded(CASE.id)
    bad = made.__class__(made.provenance, (made.exchanges[0].__class__(
        made.exchanges[0].key, 200, {}, "text", f"token {TOKEN}"),))  # fmt: skip
    with pytest.raises(Unclean, match="the token"):
        write(CASE, bad, tmp_path)
    assert list(tmp_path.iterdir()) == []
