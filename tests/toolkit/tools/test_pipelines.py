"""Listing pipelines against the simulator."""

import pytest
from tool_calls import call

from langchain_azure_devops import errors
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.tools.builds import list_builds
from langchain_azure_devops.tools.pipelines import list_pipelines


async def test_a_pipeline_names_its_file_and_how_it_last_went(platform_reader):
    page = await list_pipelines(platform_reader)
    assert [row.name for row in page.items] == [
        "docs-publish",
        "infrastructure-deploy",
        "nightly-soak",
        "platform-api-ci",
    ]
    ci = page.items[-1]
    assert (ci.yaml, ci.repository, ci.last_result) == ("azure-pipelines.yml", "platform-api", "failed")
    assert ci.running > ci.last_build
    assert page.items[0].running is None
    assert page.items[1].folder == "\\operations"


def test_a_name_may_hold_wildcards(platform_reader):
    assert [row.name for row in list_pipelines.call_sync(platform_reader, name="*SOAK").items] == ["nightly-soak"]
    assert list_pipelines.call_sync(platform_reader, name="soak").items == []


def test_pages_follow_each_other(platform_reader):
    first = list_pipelines.call_sync(platform_reader, limit=3)
    second = list_pipelines.call_sync(platform_reader, limit=3, cursor=first.cursor)
    assert len({row.id for row in first.items + second.items}) == 4
    assert second.cursor is None


def test_a_pipeline_that_never_ran(platform_client, organization):
    repository = organization.repository("Platform", "docs")
    author = organization.named("Dana Ortiz")
    organization.builds.add_definition(
        repository, "brand-new", "/new.yml", author=author, when=organization.clock.tick()
    )
    [row] = list_pipelines.call_sync(platform_client, name="brand-new").items
    assert (row.last_build, row.last_result, row.last_finished, row.running) == (None, None, None, None)


def test_a_project_without_pipelines_is_empty_and_a_missing_one_is_not_found(platform_reader):
    assert list_pipelines.call_sync(platform_reader, project="Data").items == []
    with pytest.raises(errors.ProjectNotFound, match="Did you mean 'Payments'"):
        list_pipelines.call_sync(platform_reader, project="Paiments")


def test_no_project_at_all_names_the_visible_ones(reader):
    with pytest.raises(errors.InvalidRequest, match=r"Data, Mobile App, Payments, Platform"):
        list_builds.call_sync(reader, pipeline="platform-api-ci")


def test_a_token_without_the_scope_is_denied(connect, organization):
    organization.add_token("work-token", {"vso.work"})
    call = {"type": "tool_call", "id": "1", "name": "list_pipelines", "args": {}}
    message = bind(list_pipelines, connect("work-token")).invoke(call)
    assert message.content.splitlines()[0] == "[denied ScopeMissing vso.build]"


def test_the_bound_tool_gives_a_table_and_the_page(platform_reader):
    call = {"type": "tool_call", "id": "1", "name": "list_pipelines", "args": {"name": "nightly-*"}}
    message = bind(list_pipelines, platform_reader).invoke(call)
    heading = '1 pipeline, all, in Platform; project="*" looks everywhere'
    assert message.content.startswith(f"{heading}\n<untrusted nonce>\nid\tname\tfolder\tyaml\trepository")
    assert message.artifact["data"][0]["last_result"] == "failed"


def test_pipelines_show_how_they_last_went(platform_reader):
    rows = {row.name: row for row in call(platform_reader, "list_pipelines").items}
    assert rows["platform-api-ci"].last_result == "failed"
    assert rows["platform-api-ci"].running == 38
    assert rows["infrastructure-deploy"].running is None
    assert [row.name for row in call(platform_reader, "list_pipelines", name="platform*").items] == ["platform-api-ci"]
