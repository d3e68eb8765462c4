"""A name that nothing has is answered with the near ones, by every tool that takes such a name."""

import pytest
from tool_calls import connected, seed_with_tokens

from azure_devops_simulator import SimulatorServer
from langchain_azure_devops import TOOLS
from langchain_azure_devops.errors import AzureDevOpsError


@pytest.fixture(scope="module")
def seed():
    return seed_with_tokens()


@pytest.fixture(scope="module")
def client(seed):
    with SimulatorServer(seed) as server, connected(server.base_url, "full-token") as client:
        yield client


OF_TEXTS = {"version": ("update_wiki_page", "move_wiki_page", "update_work_item_comment", "delete_work_item_comment")}
"""Tools whose argument of this name is that of a wiki page or a comment, which has no name."""


def misspell(name):
    """The same name with two letters exchanged."""
    return f"{name[:-2]}{name[-1]}{name[-2]}"


def calls_with(argument):
    """The first example of each tool that takes this argument."""
    return {
        tool.name: tool.examples[0]
        for tool in TOOLS.values()
        if tool.examples and argument in tool.parameters.model_fields and tool.name not in OF_TEXTS.get(argument, ())
    }


@pytest.mark.parametrize("name", calls_with("repository"))
def test_a_wrong_repository_is_answered_with_the_right_one(client, name):
    example = calls_with("repository")[name]
    right = example.get("repository", "platform-api")
    with pytest.raises(AzureDevOpsError) as refused:
        TOOLS[name].call_sync(client, **example | {"repository": misspell(right)})
    assert f"Did you mean {right!r}?" in refused.value.message


@pytest.mark.parametrize("name", calls_with("project"))
def test_a_wrong_project_is_answered_with_the_right_one(client, name):
    with pytest.raises(AzureDevOpsError) as refused:
        TOOLS[name].call_sync(client, **calls_with("project")[name] | {"project": misspell("Platform")})
    assert "Did you mean 'Platform'?" in refused.value.message


@pytest.mark.parametrize("name", [name for name in calls_with("project") if TOOLS[name].access == "read"])
def test_a_project_is_the_same_by_its_id(client, seed, name):
    """A filter that compares names would find nothing."""
    example = {**calls_with("project")[name], "project": "Platform"}
    by_name = TOOLS[name].call_sync(client, **example)
    by_id = TOOLS[name].call_sync(client, **example | {"project": seed.project("Platform").id})
    assert len(getattr(by_id, "items", [])) == len(getattr(by_name, "items", []))


def at_version(name, version):
    """The example of a tool in platform-api at another version; the pipeline of that repository is in it already."""
    example = calls_with("version")[name] | {"version": version}
    return example if "pipeline" in example else example | {"repository": "platform-api"}


@pytest.mark.parametrize("name", calls_with("version"))
@pytest.mark.parametrize("written", ["mian", "refs/heads/mian", "refs/tags/v2.8.1"])
def test_a_wrong_version_is_answered_with_the_right_one(client, name, written):
    example = at_version(name, written)
    with pytest.raises(AzureDevOpsError) as refused:
        TOOLS[name].call_sync(client, **example)
    assert f"Did you mean {'v2.8.0' if 'tags' in written else 'main'!r}?" in refused.value.message


@pytest.mark.parametrize("name", calls_with("version"))
@pytest.mark.parametrize("written", ["main", "refs/heads/main", "refs/tags/v2.8.0", "{commit}"])
def test_a_version_is_a_bare_branch_a_full_name_or_a_commit(client, seed, name, written):
    commit = seed.project("Platform").repository("platform-api").refs["refs/heads/main"]
    example = at_version(name, written.format(commit=commit))
    if "path" in example:
        example["path"] = "/README.md"
    assert TOOLS[name].call_sync(client, **example)
