"""The end state: every value a case can name, and a net under it for what nobody thought of."""

import json
from dataclasses import replace

import pytest

from azure_devops_evals.case import READ, WRITE
from azure_devops_evals.cases import CASES
from azure_devops_evals.running.run import run_case
from azure_devops_evals.world import world as worlds
from azure_devops_evals.world.world import World
from azure_devops_simulator import export_world, seed_organization

READER = next(case for case in CASES if case.id == "needle-in-a-long-log")


def first(known):
    return next(iter(known.values()))


def test_reading_changes_nothing(reference):
    assert reference(READER.id).result.status == "pass"
    assert World(READ).changes() == {}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda o: o.denials.add((next(iter(o.users)), "code_write", "", "")), "permissions/denied/"),
        (
            lambda o: o.users.update(x=replace(next(iter(o.users.values())), id="x", unique_name="x@x.example")),
            "users/x@",
        ),
        (lambda o: setattr(o.builds.builds[35], "keep_forever", True), "builds/35/keep_forever"),
        (lambda o: setattr(o.pull_requests[9].threads[0].comments[0], "type", "system"), "pull_requests/9/threads/"),
        (lambda o: setattr(o, "code_search_installed", False), "code_search_installed"),
        (lambda o: setattr(o.project("Platform"), "process", "Scrum"), "projects/Platform/process"),
    ],
    ids=["permission", "user", "build", "thread", "extension", "process"],
)
def test_what_no_case_can_name_is_seen_too(change, path):
    world = World(WRITE)
    change(world.organization)
    found = world.changes()
    assert found
    assert any(where.startswith(path) for where in found), found


def test_a_case_may_start_from_a_world_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(worlds, "WORLDS", tmp_path)
    organization = seed_organization()
    organization.pull_requests[15].title = "Taken from a file"
    (tmp_path / "other.json").write_text(json.dumps(export_world(organization)))
    world = World(READ, file="other.json")
    assert world.organization.pull_requests[15].title == "Taken from a file"
    assert world.digest != World(READ).digest == World(READ).digest
    assert run_case(replace(READER, world="other.json")).status == "pass"
    assert "FileNotFoundError" in run_case(replace(READER, world="gone.json")).reasons[0]
