"""Every list, page by page: complete, without repeats, and a cursor fits only its own call."""

import pytest
from tool_calls import call, refusal, text_of

from langchain_azure_devops import TOOLS
from langchain_azure_devops.errors import InvalidRequest

LISTS = {
    "list_projects": ({}, 3, {"limit": 1}),
    "list_repositories": ({}, 2, {"project": "Payments"}),
    "list_branches": ({"repository": "platform-api"}, 3, {"contains": "f"}),
    "list_repository_files": ({"repository": "platform-api", "depth": 20}, 7, {"depth": 19}),
    "list_pull_requests": ({"status": "all"}, 4, {"status": "active"}),
    "query_work_items": ({}, 11, {"state": "Active"}),
    "list_pipelines": ({}, 3, {"name": "platform*"}),
    "list_builds": ({}, 7, {"result": "failed"}),
    "search_code": ({"text": "import"}, 2, {"text": "def"}),
}


def test_no_list_is_left_out():
    assert set(LISTS) == {name for name, tool in TOOLS.items() if "cursor" in tool.parameters.model_fields}


@pytest.mark.parametrize("name", LISTS)
def test_pages_add_up_to_the_whole(platform_reader, name):
    arguments, size, _ = LISTS[name]
    whole = call(platform_reader, name, limit=200, **arguments)
    assert whole.cursor is None
    assert len(whole.items) > size
    rows, cursor = [], None
    while True:
        page = call(platform_reader, name, limit=size, cursor=cursor, **arguments)
        assert 0 < len(page.items) <= size
        rows += page.items
        if (cursor := page.cursor) is None:
            break
        assert len(rows) < len(whole.items)
    assert rows == whole.items


@pytest.mark.parametrize("name", [name for name in LISTS if name != "list_projects"])
def test_a_cursor_of_other_arguments_is_refused(platform_reader, name):
    arguments, size, others = LISTS[name]
    cursor = call(platform_reader, name, limit=size, **arguments).cursor
    assert "other arguments" in refusal(platform_reader, name, InvalidRequest, cursor=cursor, **{**arguments, **others})


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
