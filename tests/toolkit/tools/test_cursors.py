"""Every list, page by page: complete, without repeats, and a cursor fits only its own call."""

import pytest
from tool_calls import call, refusal, text_of

from langchain_azure_devops import TOOLS
from langchain_azure_devops.errors import InvalidRequest

LISTS = [name for name, tool in TOOLS.items() if "cursor" in tool.parameters.model_fields]
OTHER_ARGUMENTS = {
    "list_repositories": {"project": "Payments"},
    "list_branches": {"contains": "f"},
    "list_repository_files": {"depth": 19},
    "list_pull_requests": {"status": "completed"},
    "query_work_items": {"state": "Active"},
    "list_pipelines": {"name": "platform*"},
    "list_builds": {"result": "failed"},
    "search_code": {"text": "def"},
}
"""Arguments that differ from those of the tool's example."""


@pytest.mark.parametrize("name", LISTS)
def test_pages_add_up_to_the_whole(platform_reader, name):
    arguments = TOOLS[name].examples[0]
    whole = call(platform_reader, name, limit=200, **arguments)
    assert whole.cursor is None
    # A last page that is full leaves open whether more follows, where the service says no total.
    size = next((size for size in range(2, len(whole.items)) if len(whole.items) % size), 1)
    rows, cursor = [], None
    while True:
        page = call(platform_reader, name, limit=size, cursor=cursor, **arguments)
        assert 0 < len(page.items) <= size
        rows += page.items
        if (cursor := page.cursor) is None:
            break
        assert len(rows) < len(whole.items)
    assert rows == whole.items


@pytest.mark.parametrize("name", OTHER_ARGUMENTS)
def test_a_cursor_of_other_arguments_is_refused(platform_reader, name):
    arguments = TOOLS[name].examples[0]
    cursor = call(platform_reader, name, limit=1, **arguments).cursor
    others = {**arguments, **OTHER_ARGUMENTS[name]}
    assert "other arguments" in refusal(platform_reader, name, InvalidRequest, cursor=cursor, **others)


def test_a_cursor_of_another_tool_is_refused(platform_reader):
    cursor = call(platform_reader, "list_projects", limit=1).cursor
    assert "other arguments" in refusal(platform_reader, "list_repositories", InvalidRequest, cursor=cursor)


def test_a_filter_made_here_pages_completely(platform_reader):
    whole = call(platform_reader, "list_pull_requests", status="all", author="Mina")
    assert {row.author for row in whole.items} == {"Mina Sato"}
    first = call(platform_reader, "list_pull_requests", status="all", author="Mina", limit=1)
    rest = call(platform_reader, "list_pull_requests", status="all", author="Mina", cursor=first.cursor)
    assert first.items + rest.items == whole.items


def test_the_text_names_the_cursor_that_the_next_call_takes(platform_reader):
    head = text_of(platform_reader, "list_builds", limit=5).split("\n", 1)[0]
    cursor = head.split('cursor="')[1].split('"')[0]
    first = {row.id for row in call(platform_reader, "list_builds", limit=5).items}
    assert not first & {row.id for row in call(platform_reader, "list_builds", limit=5, cursor=cursor).items}
