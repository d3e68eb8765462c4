"""A recording becomes a world: what was seen is served again, and what could not be taken over is listed."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from azure_devops_simulator import (
    Organization,
    RecordedWorld,
    SimulatorServer,
    export_world,
    import_world,
    record_organization,
    scrub,
    seed_organization,
    world_from_recording,
)
from azure_devops_simulator.state.policies import COMMENTS, Policy
from azure_devops_simulator.world.__main__ import main

HOST = re.compile(r"http://127\.0\.0\.1:\d+")
VERSIONS = {"connectionData": "7.1-preview.1", "comments": "7.1-preview.4"}


@pytest.fixture(scope="module")
def seed() -> Organization:
    organization = seed_organization()
    organization.add_token("recorder", {"vso.code", "vso.project", "vso.work", "vso.build"})
    repository = organization.repository("Platform", "docs")
    scope: Any = [{"repositoryId": repository.id, "refName": "refs/heads/main", "matchKind": "Exact"}]
    owner, when = organization.named("Tom Becker"), organization.clock.now()
    repository.project.policies[3] = Policy(3, COMMENTS, {"scope": scope}, owner, when)
    for build in organization.builds.builds.values():
        for log in build.logs.values():
            # One log is as long as all the rest.
            log.messages = [str(line) for line, _ in zip(log.messages, range(1000), strict=False)]
    return organization


@pytest.fixture(scope="module")
def recording(seed: Organization) -> dict[str, Any]:
    before = export_world(seed)
    with SimulatorServer(seed) as server:
        made = record_organization(server.base_url, "recorder")
    assert export_world(seed) == before, "a recording changes nothing"
    return json.loads(json.dumps(made))


@pytest.fixture(scope="module")
def kept(recording: dict[str, Any]) -> RecordedWorld:
    return world_from_recording(recording, keep_people=True)


@pytest.fixture(scope="module")
def scrubbed(recording: dict[str, Any]) -> dict[str, Any]:
    return dict(scrub(recording))


def replay(
    recording: Mapping[str, Any], organization: Organization, ids: Mapping[str, str]
) -> Iterator[tuple[str, bool]]:
    """Send every request of a recording to an organization; yield its kind, and whether the answer is the same.

    Ids of commits and files are translated, because those that nobody saw whole have new ones.
    """
    old = {new: before for before, new in ids.items()}

    def translate(text: str, table: Mapping[str, str]) -> str:
        return re.sub(r"[0-9a-f]{40}", lambda found: table.get(found[0], found[0]), text)

    organization.add_token("replayer")
    with (
        SimulatorServer(organization) as server,
        httpx.Client(base_url=server.base_url, auth=("", "replayer")) as client,
    ):
        for row in recording["exchanges"]:
            version = next((v for end, v in VERSIONS.items() if row["path"].endswith(end)), "7.1")
            query = [*(tuple(pair) for pair in json.loads(translate(json.dumps(row["query"]), ids)))]
            accept = "application/octet-stream" if "/blobs/" in row["path"] else "application/json"
            answer = client.request(
                row["method"],
                translate(row["path"], ids),
                params=[*query, ("api-version", version)],
                content=json.dumps(row["sent"]) if row["sent"] else None,
                headers={"Accept": accept, "Content-Type": "application/json"},
            )
            got = HOST.sub("", translate(answer.text, old))
            kind = re.sub(r"[0-9a-f-]{36,40}|\d+", "*", re.sub(r"^/(?!_)[^/]+|(?<=projects/)[^/]+", "P", row["path"]))
            if "body" in row:
                want = json.loads(HOST.sub("", json.dumps(row["body"])))
                yield kind, answer.status_code == row["status"] and json.loads(got or "null") == want
            else:
                yield kind, answer.status_code == row["status"] and ("base64" in row or got == row["text"])


def shares(results: Iterator[tuple[str, bool]]) -> dict[str, tuple[int, int]]:
    total: Counter[str] = Counter()
    same: Counter[str] = Counter()
    for kind, equal in results:
        total[kind] += 1
        same[kind] += equal
    return {kind: (same[kind], total[kind]) for kind in total}


def test_a_recorded_organization_answers_as_before(
    recording: dict[str, Any], kept: RecordedWorld, record_property: Any
) -> None:
    organization = import_world(export_world(kept.organization))
    found = shares(replay(recording, organization, kept.ids))
    equal, total = (sum(part) for part in zip(*found.values(), strict=True))
    differing = {kind: f"{same} of {of}" for kind, (same, of) in found.items() if same < of}
    record_property("worlds of recordings", [f"{equal} of {total} answers are equal; others: {differing}"])
    assert total > 900
    assert equal / total > 0.98, differing
    # Contents of artifacts, annotated tags, and commits that no branch holds any more are not in a recording.
    assert {kind.rpartition("/")[2] for kind in differing} <= {"artifacts", "refs", "pullrequests", "*", "iterations"}


def test_commits_that_were_seen_whole_keep_their_ids(seed: Organization, kept: RecordedWorld) -> None:
    for project in seed.projects.values():
        assert kept.organization.projects[project.id].policies == project.policies
        for repository in project.repositories.values():
            again = kept.organization.repository(project.name, repository.name)
            assert again.default_tip() == repository.default_tip()
            if tip := repository.default_tip():
                assert again.files(tip) == repository.files(tip)


def test_people_and_secrets_are_replaced(
    seed: Organization, recording: dict[str, Any], scrubbed: dict[str, Any], record_property: Any
) -> None:
    made = world_from_recording(recording)
    text = json.dumps(export_world(made.organization)) + json.dumps(scrubbed)
    for user in seed.users.values():
        for told in (user.display_name, user.unique_name, user.id, user.descriptor):
            assert told not in text, told
    again = world_from_recording(scrubbed, keep_people=True)
    assert export_world(again.organization) == export_world(made.organization)
    found = shares(replay(scrubbed, made.organization, made.ids))
    equal, total = (sum(part) for part in zip(*found.values(), strict=True))
    record_property("worlds of recordings, scrubbed", [f"{equal} of {total} answers are equal"])
    assert equal / total > 0.8


def exchange(path: str, body: Any, **more: Any) -> dict[str, Any]:
    return {"method": "GET", "path": path, "query": [], "sent": "", "status": 200, "headers": {}, "body": body, **more}


def test_little_makes_a_little_world_and_says_what_is_missing() -> None:
    rows = [
        exchange("/Rocket/_apis/wit/workitems/7", {"id": 7, "rev": 3, "fields": {"System.TeamProject": "Rocket"}}),
        exchange(
            "/Rocket/_apis/wit/workitems/8",
            {
                "id": 8,
                "rev": 2,
                "fields": {
                    "System.TeamProject": "Rocket",
                    "System.WorkItemType": "Bug",
                    "System.Title": "Pack fails",
                    "System.AreaPath": "Rocket\\Engine",
                    "Custom.Sponsor": "x",
                },
            },
        ),
        {
            **exchange("/Rocket/_apis/git/repositories/engine/items", None),
            "query": [["path", "/a.txt"]],
            "text": "hi\n",
        },
        exchange(
            "/Rocket/_apis/policy/configurations",
            {"count": 1, "value": [{"id": 4, "type": {"id": "x", "displayName": "Build"}, "settings": {}}]},
        ),
        exchange("/Rocket/_apis/wiki/wikis", {"count": 0, "value": []}),
        exchange("/Gone/_apis/git/repositories", {"message": "no"}, status=404),
    ]
    made = world_from_recording({"provenance": {"organization": "acme"}, "exchanges": rows})
    organization = made.organization
    assert [project.name for project in organization.projects.values()] == ["Rocket"]
    assert organization.repository("Rocket", "engine").text("/a.txt") == "hi\n"
    assert organization.work_items.items[8].title == "Pack fails"
    assert [node.name for node in organization.work_items.area(organization.projects.popitem()[1]).children] == [
        "Engine"
    ]
    notes = "\n".join(made.notes)
    for told in (
        "project Rocket: only its name was seen",
        "repository Rocket/engine: 1 commits were only referred to",
        "work item 7: its project or its type was not seen",
        "work item 8: 1 of its 2 revisions were not seen",
        "no fields Custom.Sponsor",
        "policies of the types Build were left out",
        "1 answers of the area wiki were not used",
    ):
        assert told in notes, notes


def test_the_command_writes_a_world(recording: dict[str, Any], tmp_path: Path, capsys: Any) -> None:
    source, target = tmp_path / "recording.json", tmp_path / "world.json"
    source.write_text(json.dumps(recording))
    assert main([str(source), "--output", str(target)]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    replaced, *gaps = err.splitlines()
    assert re.fullmatch(r"[5-9] people and [1-9]\d* secrets were replaced by pseudonyms", replaced)
    assert gaps
    assert all(line.startswith("not as recorded: ") for line in gaps)
    assert target.stat().st_mode & 0o777 == 0o600
    assert import_world(json.loads(target.read_text())).project("Platform") is not None


@pytest.mark.parametrize("text", ["{}", "[]", "no json", '{"exchanges": 1}'])
def test_what_is_no_recording_is_refused(tmp_path: Path, capsys: Any, text: str) -> None:
    source = tmp_path / "recording.json"
    source.write_text(text)
    assert main([str(source)]) == 2
    assert str(source) in capsys.readouterr().err


def test_an_organization_is_recorded_by_the_command(seed: Organization, tmp_path: Path) -> None:
    target = tmp_path / "recording.json"
    with SimulatorServer(seed) as server:
        options = ["--record", server.base_url, "--project", "Data", "--output", str(tmp_path / "world.json")]
        command = [sys.executable, "-m", "azure_devops_simulator.world", str(target), *options]
        environment = {**os.environ, "AZURE_DEVOPS_PAT": "recorder"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "recording.json": 0o600,
        "world.json": 0o600,
    }
    assert "svc-agent" not in target.read_text()
    world = import_world(json.loads((tmp_path / "world.json").read_text()))
    assert {project.name for project in world.projects.values()} == {"Data"}
    others = [project for project in seed.projects.values() if project.name != "Data"]
    for told in [word for project in others for word in (project.id, project.description) if word]:
        assert told not in target.read_text(), told


def test_a_file_of_an_earlier_run_is_replaced_as_a_whole(tmp_path: Path, capsys: Any) -> None:
    source, target = tmp_path / "recording.json", tmp_path / "world.json"
    source.write_text('{"exchanges": []}')
    target.write_text("readable")
    target.chmod(0o644)
    with target.open() as earlier:
        assert main([str(source), "--output", str(target)]) == 0
        assert earlier.read() == "readable"
    assert target.stat().st_mode & 0o777 == 0o600
    assert main([str(source), "--output", str(tmp_path / "gone" / "world.json")]) == 2
    assert "gone" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["dev.azure.com/acme", "ftp://host/acme", "https://dev.azure.com/acme/Rocket", "https:///x"]
)
def test_an_address_of_no_organization_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not the address of an organization"):
        record_organization(url, "token")
