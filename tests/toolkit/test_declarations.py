"""What a declaration says of a tool: nothing about a tool of ours is missing, and a user's tool may say less."""

import pytest
from tool_calls import FULL, connected, seed_with_tokens

from azure_devops_simulator import SimulatorServer
from langchain_azure_devops import TOOLS, AzureDevOps, Page
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.projects import Project

CALLS = [(name, number) for name, tool in TOOLS.items() for number in range(max(1, len(tool.examples)))]
WRITERS = sorted(name for name, tool in TOOLS.items() if tool.access == "write")
SENDS = "POST /{project}/_apis/wit/workitems/${type}"


@pytest.fixture(scope="module")
def shared():
    with SimulatorServer(seed_with_tokens()) as server, connected(server.base_url, FULL) as client:
        yield client


@pytest.fixture
def alone():
    with SimulatorServer(seed_with_tokens()) as server, connected(server.base_url, FULL) as client:
        yield client


@pytest.mark.parametrize(("name", "number"), CALLS)
def test_every_example_works_in_the_seeded_organization(name, number, shared, request):
    tool = TOOLS[name]
    client = request.getfixturevalue("alone") if tool.access == "write" else shared
    assert tool.call_sync(client, **tool.examples[number])


@pytest.mark.parametrize("name", WRITERS)
def test_every_write_declares_how_a_lost_answer_is_settled(name):
    assert TOOLS[name].recover is not None


@pytest.mark.parametrize("name", WRITERS)
def test_what_a_write_changes_can_be_read_and_what_it_makes_is_named(name, alone):
    tool = TOOLS[name]
    current = alone.run_sync(tool.current(alone, tool.examples[0]))
    # What a write makes is not there yet. What it changes is recognized by its title, a branch by its latest commit,
    # and a run by its pipeline.
    assert bool(tool.makes) or ("project" in current and current.keys() & {"title", "commit_message", "pipeline"})


@pytest.mark.parametrize("targets", [(), ("id",), ("id", "text", "title"), ("id", "id", "text")], ids=str)
def test_targets_and_contents_name_every_argument_once(targets):
    async def note(client: AzureDevOps, *, id: int, text: str) -> Page[Project]:
        """Note."""
        raise NotImplementedError

    declare = Toolset.named("mine", "Mine.").write(Scope.WORK_WRITE, sends=SENDS, targets=targets, contents=("size",))
    with pytest.raises(TypeError, match="must name each of its arguments once: id, text"):
        declare(note)


def test_a_tool_of_a_user_may_declare_neither_example_nor_targets():
    async def note(client: AzureDevOps, *, id: int, text: str) -> Page[Project]:
        """Note."""
        raise NotImplementedError

    tool = Toolset.named("mine", "Mine.").write(Scope.WORK_WRITE, sends=SENDS)(note)
    assert tool.examples == ()
    assert tool.is_target("id")
    assert tool.is_target("text")
