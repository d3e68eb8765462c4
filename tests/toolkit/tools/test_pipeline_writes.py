"""Pipelines are created, renamed and changed: what a person sees, what is refused before, and what is proven after."""

import pytest
from tool_calls import Recorder, call, refusal

from azure_devops_simulator import Fault
from langchain_azure_devops import approve_writes_with
from langchain_azure_devops.errors import (
    AlreadyExists,
    InvalidRequest,
    NotFound,
    RevisionConflict,
    ScopeMissing,
    WriteBlocked,
    WriteOutcomeUnknown,
)

SOAK = {"pipeline": "nightly-soak"}
LOST = {"kind": "reset", "times": 1}
NEW = {"repository": "docs", "yaml_path": "/azure-pipelines.yml", "name": "docs-preview"}


@pytest.fixture
def soak(organization):
    return organization.builds.definitions[2]


@pytest.fixture
def asked(connect):
    """Calls a tool, and returns what its approver is shown, who says no."""

    def ask(name, /, **arguments):
        shown = []
        with approve_writes_with(lambda request: shown.append(request) or request.reject("dana")):
            with pytest.raises(WriteBlocked):
                call(connect(), name, **arguments)
        return shown[0].current

    return ask


@pytest.fixture
def unasked(connect):
    """Calls a tool that must be refused before a person is asked, and returns what it says."""

    def refuse(name, kind, /, token="full-token", **arguments):
        with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
            return refusal(connect(token), name, kind, **arguments)

    return refuse


def test_a_pipeline_is_created_for_a_file(platform_client, organization):
    made = call(platform_client, "create_pipeline", **NEW, folder="docs/preview")
    stored = organization.builds.definitions[made.id]
    assert (stored.name, stored.folder, stored.yaml_path) == ("docs-preview", "\\docs\\preview", "/azure-pipelines.yml")
    assert (made.repository, made.default_branch, made.revision) == ("docs", "main", 1)
    assert "has not run yet" in made.notes[0]
    assert organization.builds.of(stored) == []


def test_the_approver_of_a_new_pipeline_sees_what_would_start_it(asked):
    shown = asked("create_pipeline", **NEW)
    assert (shown["repository"], shown["default_branch"]) == ("docs", "main")
    assert shown["commit"]
    assert any(each.startswith("pushes to") for each in shown["triggers"])


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"yaml_path": "/azure-pipeline.yml"}, NotFound, "Did you mean '/azure-pipelines.yml'?"),
        ({"yaml_path": "/"}, InvalidRequest, "is empty"),
        ({"yaml_path": "/docs"}, InvalidRequest, "is a folder"),
        ({"repository": "dosc"}, NotFound, "Did you mean 'docs'?"),
        ({"name": "Nightly-Soak"}, AlreadyExists, "with the id 2"),
        ({"name": " "}, InvalidRequest, "needs a name"),
    ],
    ids=str,
)
def test_nobody_is_asked_about_a_pipeline_that_cannot_be(unasked, organization, change, kind, said):
    assert said in unasked("create_pipeline", kind, **NEW | change)
    assert len(organization.builds.definitions) == 7


def test_a_name_is_free_in_another_folder(platform_client):
    assert call(platform_client, "create_pipeline", **NEW | {"name": "nightly-soak"}, folder="x").folder == "\\x"


def test_a_token_without_code_cannot_create_one(unasked, organization):
    organization.add_token("build-token", {"vso.project", "vso.build_execute"})
    assert "needs the scope vso.code" in unasked("create_pipeline", ScopeMissing, token="build-token", **NEW)


def test_a_pipeline_is_renamed_and_nothing_else_changes(platform_client, soak):
    soak.settings = {"variables": {"token": {"isSecret": True, "value": None}, "a": {"value": "1"}}, "description": "x"}
    before = soak.version
    renamed = call(platform_client, "rename_pipeline", **SOAK, name="night")
    assert (renamed.name, renamed.revision) == ("night", 2)
    after = soak.version
    kept = ("folder", "repository", "yaml_path", "default_branch", "pool")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert after.settings["variables"] == before.settings["variables"]
    assert after.settings["description"] == "x"


def test_file_branch_folder_and_state_are_changed_together(platform_client, soak):
    changed = call(
        platform_client,
        "update_pipeline",
        **SOAK,
        yaml_path="/azure-pipelines.yml",
        default_branch="release/2.8",
        folder="night/soak",
        status="paused",
        comment="Only while the agents are repaired",
    )
    assert (changed.yaml, changed.default_branch) == ("azure-pipelines.yml", "release/2.8")
    assert changed.folder == "\\night\\soak"
    assert (changed.status, changed.revision, changed.name) == ("paused", 2, "nightly-soak")
    assert soak.settings["comment"] == "Only while the agents are repaired"
    assert [row.revision for row in call(platform_client, "list_pipeline_revisions", **SOAK).items] == [2, 1]


def test_the_approver_of_a_change_sees_what_is_there_now(asked):
    shown = asked("update_pipeline", **SOAK, status="disabled", folder="night")
    assert (shown["pipeline"], shown["revision"]) == ("nightly-soak", 1)
    assert (shown["status"], shown["folder"]) == ("enabled", "\\")
    assert "yaml_path" not in shown
    assert asked("rename_pipeline", **SOAK, name="night")["name"] == "nightly-soak"


@pytest.mark.parametrize(
    ("tool", "given", "kind", "said"),
    [
        ("update_pipeline", {}, InvalidRequest, "Nothing to change"),
        ("update_pipeline", {"yaml_path": "pipelines/nightly.yml"}, NotFound, "'/pipelines/nightly-soak.yml'"),
        ("update_pipeline", {"default_branch": "mian"}, NotFound, "Did you mean 'main'?"),
        ("update_pipeline", {"pipeline": "nightly-sock", "status": "paused"}, NotFound, "Did you mean 'nightly-soak'?"),
        ("rename_pipeline", {"name": "platform-api-ci"}, AlreadyExists, "with the id 1"),
        ("rename_pipeline", {"name": "a*"}, InvalidRequest, "asterisk"),
    ],
    ids=str,
)
def test_nobody_is_asked_about_a_change_that_cannot_be(unasked, soak, tool, given, kind, said):
    assert said in unasked(tool, kind, **SOAK | given)
    assert soak.revision == 1


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("rename_pipeline", {"name": "nightly-soak"}),
        ("update_pipeline", {"status": "enabled", "yaml_path": "/pipelines/nightly-soak.yml", "folder": "/"}),
        ("update_pipeline", {"default_branch": "main", "comment": "Nothing"}),
    ],
)
def test_what_is_so_already_is_not_sent(connect, soak, tool, given):
    with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
        same = call(connect(), tool, **SOAK | given)
    assert "so nothing was sent" in same.notes[0]
    assert soak.revision == 1


def test_a_change_of_somebody_else_meanwhile_is_not_overwritten(connect, soak, organization):
    def change(request):
        soak.earlier.append(soak.version)
        soak.revision, soak.name = soak.revision + 1, "renamed"
        soak.changed = organization.clock.tick()
        return request.reject("dana") if request.again else request.approve("dana")

    with approve_writes_with(change):
        refusal(connect(), "update_pipeline", WriteBlocked, pipeline="2", status="paused")
    assert (soak.revision, soak.name) == (3, "renamed")


class Overtaken(Recorder):
    """A network in which somebody else changes a pipeline right before a write arrives."""

    def __init__(self, url, definition):
        super().__init__(url, [])
        self._definition = definition

    async def handle_async_request(self, request):
        if request.method == "PUT":
            self._definition.revision += 1
        return await super().handle_async_request(request)


def test_an_outdated_revision_is_told_as_a_conflict(connect, server, soak):
    client = connect(writes="allow", transport=Overtaken(server.base_url, soak))
    said = refusal(client, "update_pipeline", RevisionConflict, **SOAK, status="paused")
    assert "changed by somebody else meanwhile" in said


def test_without_the_scope_for_code_the_service_decides_about_the_file(connect, organization, soak):
    organization.add_token("build-token", {"vso.project", "vso.build_execute"})
    client = connect("build-token", writes="allow")
    assert call(client, "update_pipeline", **SOAK, yaml_path="/other.yml").yaml == "other.yml"


@pytest.fixture
def hasty(hurry):
    """A client that waits only for a moment for what it lost."""
    return hurry(recovery=0.2)


@pytest.mark.parametrize(
    ("tool", "given", "method"),
    [
        ("create_pipeline", NEW, "POST"),
        ("rename_pipeline", {**SOAK, "name": "night"}, "PUT"),
        ("update_pipeline", {**SOAK, "status": "paused", "folder": "x", "comment": "Why"}, "PUT"),
    ],
)
@pytest.mark.parametrize("when", ["after", "before"])
def test_a_write_whose_answer_was_lost_is_done_only_with_proof(hasty, organization, tool, given, method, when):
    organization.faults.add(Fault(method=method, path="/Platform/_apis/", when=when, **LOST))
    if when == "before":
        with pytest.raises(WriteOutcomeUnknown, match="did not find"):
            call(hasty, tool, **given)
        return
    assert "found as asked" in call(hasty, tool, **given).notes[0]
