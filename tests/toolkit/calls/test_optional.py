"""Optional scopes, end to end: without one the call succeeds, and its result names what was not read."""

import asyncio

import pytest
from pydantic import Field
from tool_calls import FULL, seed_with_tokens

from langchain_azure_devops import (
    TOOLS,
    AzureDevOps,
    AzureDevOpsToolkit,
    Page,
    PartialResult,
    Result,
    Scope,
    Toolset,
    read_optional,
    read_with,
)
from langchain_azure_devops.errors import NotFound, ScopeMissing
from langchain_azure_devops.tools.builds import list_builds
from langchain_azure_devops.tools.builds.models import Build
from langchain_azure_devops.tools.repositories.tools import list_repositories
from langchain_azure_devops.tools.work_items.tools import get_work_item

WORK_ONLY, CODE_ONLY, WORK_AND_CODE = "work-token", "code-token", "work-and-code-token"


class Triage(PartialResult):
    """What a person who triages a bug wants to know."""

    singular, plural = "triage", "triages"

    id: int
    title: str
    repositories: list[str] = Field(default=[])
    builds: int | None = None
    notes: list[str] = Field(default=[])


triage = Toolset.named("triage", "Triage bugs.")


async def _repositories(client, project="Platform"):
    return [row.name for row in (await list_repositories.function(client, project=project)).items]


async def _builds(client):
    return len((await list_builds.function(client, project="Platform")).items)


@triage.read(Scope.WORK, optional=(Scope.CODE, Scope.BUILD))
async def triage_bug(client: AzureDevOps, *, id: int, project: str = "Platform") -> Triage:
    """Read a bug with the repositories and builds around it."""
    bug = await get_work_item.function(client, ids=[id])
    repositories, builds = await asyncio.gather(
        read_optional(Scope.CODE, "repositories", _repositories(client, project), default=[]),
        read_optional(Scope.BUILD, "builds", _builds(client), default=None),
    )
    return Triage(id=bug.id, title=bug.title, repositories=repositories, builds=builds)


@triage.read(Scope.WORK, optional=(Scope.BUILD,))
async def list_suspects(client: AzureDevOps) -> Page[Build]:
    """List the builds around the last bugs."""
    page = Page[Build](items=[])
    found = await read_optional(Scope.BUILD, "builds", list_builds.function(client, project="Platform"), default=page)
    again = await read_optional(Scope.BUILD, "builds", list_builds.function(client, project="Platform"), default=page)
    return found if again is not page else page


@pytest.fixture
def organization():
    seeded = seed_with_tokens()
    seeded.add_token(WORK_ONLY, scopes=("vso.work",))
    seeded.add_token(CODE_ONLY, scopes=("vso.code",))
    seeded.add_token(WORK_AND_CODE, scopes=("vso.work", "vso.code"))
    return seeded


@pytest.fixture
def toolkit(server):
    made = []

    def make(token, scopes):
        made.append(AzureDevOpsToolkit(base_url=server.base_url, pat=token, scopes=scopes, extra=[triage], tools=[]))
        return made[-1]

    yield make
    for each in made:
        each.close()


def called(toolkit, name, **arguments):
    [tool] = toolkit.get_tools(names=name)
    return tool.invoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})


def test_a_token_with_every_scope_leaves_no_gap(toolkit):
    message = called(toolkit(FULL, "app_token"), "triage_bug", id=4)
    assert "not read" not in message.content
    assert "platform-api" in message.content
    assert (message.artifact["status"], message.artifact["failed"], message.artifact["notes"]) == ("ok", [], [])


def test_what_was_not_read_is_named_with_the_scope_that_it_needs(toolkit):
    message = called(toolkit(WORK_AND_CODE, "vso.work vso.code"), "triage_bug", id=4)
    assert message.status == "success"
    assert "platform-api" in message.content
    assert "builds not read: needs vso.build" in message.content
    artifact = message.artifact
    assert (artifact["status"], artifact["complete"]) == ("partial", False)
    assert artifact["notes"] == ["builds not read: needs vso.build"]
    assert artifact["failed"] == [{"place": "builds", "status": "denied", "reason": "needs vso.build"}]


async def test_several_gaps_are_all_named_and_the_tool_stays(toolkit):
    made = toolkit(WORK_ONLY, "vso.work")
    for _ in range(2):
        [tool] = made.get_tools(names="triage_bug")
        content = await tool.ainvoke({"id": 4})
        assert "repositories not read: needs vso.code" in content
        assert "builds not read: needs vso.build" in content
    assert "triage_bug" not in made.absent


def test_a_list_names_a_gap_once(toolkit):
    message = called(toolkit(WORK_ONLY, "vso.work"), "list_suspects")
    assert message.content.count("not read") == 1
    assert "not read: builds (denied): needs vso.build" in message.content
    assert message.artifact["status"] == "partial"
    assert message.artifact["failed"] == [{"place": "builds", "status": "denied", "reason": "needs vso.build"}]


def test_without_a_required_scope_the_call_still_fails(toolkit):
    message = called(toolkit(CODE_ONLY, "vso.work"), "triage_bug", id=4)
    assert message.status == "error"
    assert message.content.startswith("[denied ScopeMissing vso.work]")
    made = toolkit(WORK_ONLY, "vso.code vso.build")
    assert made.absent["triage_bug"].scopes == (Scope.WORK,)


def test_another_error_of_an_optional_part_is_no_gap(toolkit):
    made = toolkit(FULL, "app_token")
    with pytest.raises(NotFound):
        triage_bug.call_sync(made.client, id=4, project="Nowhere")
    assert TOOLS["get_work_item"].call_sync(made.client, ids=[4]).id == 4


def test_a_scope_that_was_not_declared_is_a_mistake_of_the_tool(toolkit):
    @Toolset.named("careless", "Careless.").read(Scope.WORK, optional=(Scope.TEST,))
    async def careless(client: AzureDevOps) -> Page[Build]:
        """Read builds without saying so."""
        return await read_optional(Scope.BUILD, "builds", list_builds.function(client), default=Page[Build](items=[]))

    with pytest.raises(TypeError, match=r"careless does not declare vso\.build: name it as optional="):
        careless.call_sync(toolkit(FULL, "app_token").client)


def test_what_a_tool_also_needs_is_read_with_its_own_scope(toolkit):
    suspects = Toolset.named("suspects", "Find suspects.")

    @suspects.read(Scope.WORK, also=(Scope.BUILD,))
    async def list_suspicious_builds(client: AzureDevOps, *, id: int) -> Page[Build]:
        """List the builds around a bug."""
        await get_work_item.function(client, ids=[id])
        return await read_with(Scope.BUILD, list_builds.function(client, project="Platform"))

    @suspects.read(Scope.WORK, optional=(Scope.BUILD,))
    async def forgetful(client: AzureDevOps) -> Page[Build]:
        """Read builds without saying that they are needed."""
        return await read_with(Scope.BUILD, list_builds.function(client, project="Platform"))

    client = toolkit(FULL, "app_token").client
    assert len(list_suspicious_builds.call_sync(client, id=4).items) > 0
    with pytest.raises(TypeError, match=r"forgetful does not declare vso\.build: name it as also="):
        forgetful.call_sync(client)
    with pytest.raises(ScopeMissing) as refused:
        list_suspicious_builds.call_sync(toolkit(WORK_ONLY, "vso.work vso.build").client, id=4)
    assert refused.value.subject == "vso.build"


class Silent(Result):
    """A record that cannot say what is missing."""

    id: int


class WithoutNotes(PartialResult):
    """A record that has no place for what is missing."""

    id: int


@pytest.mark.parametrize("returned", [Silent, WithoutNotes, Triage | Silent], ids=str)
def test_a_result_that_cannot_name_a_gap_cannot_be_declared(returned):
    async def count(client):
        """Count."""

    count.__annotations__["return"] = returned
    with pytest.raises(
        TypeError, match=r"has to say what is missing: let \w+ derive from PartialResult and have a field"
    ):
        triage.read(Scope.WORK, optional=(Scope.TEST,))(count)
    assert all(tool.name != "count" for tool in triage.tools)
