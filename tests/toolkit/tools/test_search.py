"""Code search: lines, budgets, what could not be read; against the simulator and, for odd answers, a stub."""

import json
import re
import threading
import time

import pytest
from rs_bpe.bpe import openai
from stub_service import Reply, StubService, failure, ok
from tool_calls import call, refusal, text_of

from langchain_azure_devops import TOOLS, AzureDevOps, load_settings
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.errors import InvalidRequest, NotFound, ProjectNotFound
from langchain_azure_devops.results.rendering import render
from langchain_azure_devops.tools.search.code import find_matching_lines, search_code

ENCODER = openai.o200k_base()


def stub_client(service) -> AzureDevOps:
    return AzureDevOps(load_settings(base_url=service.base_url, pat="x" * 52, default_project="P"))


def hit(number: int, content: str | None = None, offsets=(0,)):
    return {
        "fileName": f"f{number}.py",
        "path": f"/f{number}.py",
        "matches": {"content": [{"charOffset": offset, "length": 4} for offset in offsets], "fileName": []},
        "project": {"name": "P", "id": "p"},
        "repository": {"name": "r", "id": "r-id", "type": "git"},
        "versions": [{"branchName": "main", "changeId": "a" * 40}],
        "contentId": content or f"content-{number}",
    }


def searching(hits, file, info: int = 0, count: int | None = None):
    """A service whose search gives these hits, and whose files a function gives."""

    def answer(seen):
        if "codesearchresults" in seen.target:
            wanted = json.loads(seen.body)
            rows = hits[wanted["$skip"] : wanted["$skip"] + wanted["$top"]]
            return ok({"count": len(hits) if count is None else count, "results": rows, "infoCode": info})
        reply = file(seen)
        return reply if isinstance(reply, Reply) else Reply(200, reply, content_type="application/octet-stream")

    return answer


async def test_fifty_hits_with_their_lines_stay_within_the_budget(client, push):
    line = "    connection = session.open(settings.DATABASE_ADDRESS, timeout=settings.MARKER_WORD)  # see the runbook\n"
    push(
        "Platform",
        "docs",
        {f"/src/service_{n % 7}/component_{n}/handlers.py": b"import x\n" * 30 + line.encode() * 6 for n in range(50)},
    )
    page = await search_code(client, text="MARKER_WORD", limit=50)
    assert (len(page.items), page.total) == (50, 50)
    assert all(found.lines[0].line == 31 for found in page.items)
    text = render(page, "nonce").text
    assert ENCODER.count(text) <= 5_000
    assert text.count("MARKER_WORD") >= 50


def test_line_numbers_are_true_with_windows_line_ends_and_long_lines(client, push):
    files = {
        "/crlf.txt": b"first\r\n" * 100 + b"needle_one here\r\n",
        "/long.txt": b"x " * 60_000 + b"needle_one " + b"y " * 10_000 + b"\n",
    }
    push("Platform", "docs", files)
    found = {row.path: row.lines for row in search_code.call_sync(client, text="needle_one").items}
    assert [(line.line, line.text) for line in found["/crlf.txt"]] == [(101, "needle_one here")]
    [long] = found["/long.txt"]
    assert long.line == 1
    assert "needle_one" in long.text
    assert len(long.text) <= 160
    assert long.text.startswith("…")
    assert long.text.endswith("…")


def test_a_line_that_is_cut_has_an_ellipsis_only_where_something_is_left_out():
    line = f"STORAGE_CONNECTION_STRING={'x' * 200} needle"
    [first] = find_matching_lines(line, [0])
    [last] = find_matching_lines(line, [line.index("needle")])
    [middle] = find_matching_lines(f"{line} {'y' * 200}", [line.index("needle")])
    [whole] = find_matching_lines(f"   {'x' * 150}   ", [10])
    assert re.fullmatch(r"STORAGE_CONNECTION_STRING=x+…", first.text)
    assert re.fullmatch(r"…x+ needle", last.text)
    assert re.fullmatch(r"…x+ needle y+…", middle.text)
    assert whole.text == "x" * 150
    assert all(len(found.text) <= 160 for found in (first, last, middle))


def test_several_matches_in_a_line_show_it_once_and_lines_share_the_room():
    content = "one one one\ntwo\none\n" + "one\n" * 20
    offsets = [index for index in range(len(content)) if content.startswith("one", index)]
    assert [line.line for line in find_matching_lines(content, offsets)] == [1, 3, 4, 5]
    assert [line.line for line in find_matching_lines(content, offsets, room=1)] == [1]
    assert find_matching_lines("short", [99]) == []


def test_files_are_read_eight_at_a_time_and_the_same_content_once():
    lock, full, now, most = threading.Lock(), threading.Event(), [0], [0]

    def file(seen):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
            if now[0] == 8:
                full.set()
        assert full.wait(20), "never were eight under way"
        time.sleep(0.01)  # Time for a ninth one, which must not come.
        with lock:
            now[0] -= 1
        return b"word here\n"

    hits = [hit(number) for number in range(30)] + [hit(number, content="same") for number in range(30, 40)]
    with StubService(searching(hits, file), at_once=True) as service, stub_client(service) as client:
        page = search_code.call_sync(client, text="word", limit=40)
        files = service.asked("/items")
    assert len(files) == 31
    assert most[0] == 8
    assert all(row.lines[0].text == "word here" for row in page.items)


def test_only_shown_hits_are_read_and_only_those_with_matches_inside():
    hits = [hit(number, offsets=() if number % 2 else (0,)) for number in range(20)]
    with StubService(searching(hits, lambda _: b"word\n")) as service, stub_client(service) as client:
        first = search_code.call_sync(client, text="word", limit=4)
        assert len(service.asked("/items")) == 2
        second = search_code.call_sync(client, text="word", limit=4, cursor=first.cursor)
        assert len(service.asked("/items")) == 4
    assert [row.path for row in first.items + second.items] == [f"/f{number}.py" for number in range(8)]
    assert first.total == 20


def test_a_page_cut_in_the_middle_reads_only_what_comes_after_the_cut():
    with StubService(searching([hit(n) for n in range(10)], lambda _: b"word\n")) as service, stub_client(service) as c:
        page = search_code.call_sync(c, text="word", limit=10)
        service.seen.clear()
        rest = search_code.call_sync(c, text="word", limit=10, cursor=page.cursor_after(7))
        assert [row.path for row in rest.items] == ["/f7.py", "/f8.py", "/f9.py"]
        assert len(service.asked("/items")) == 3


def test_what_cannot_be_read_is_said_and_the_other_hits_stay():
    def file(seen):
        if "f1.py" in seen.target:
            return failure(404, "GitItemNotFoundException", "TF401174: The item could not be found")
        if "f2.py" in seen.target:
            return failure(403, "GitNeedsPermissionException", "TF401027: You need the Git 'GenericRead' permission")
        return b"\0\0binary" if "f3.py" in seen.target else b"word\n"

    with StubService(searching([hit(n) for n in range(5)], file)) as service, stub_client(service) as client:
        page = search_code.call_sync(client, text="word")
    assert [len(row.lines) for row in page.items] == [1, 0, 0, 0, 1]
    assert any("changed or deleted since they were indexed" in note for note in page.notes)
    assert any("[denied PermissionDenied" in note for note in page.notes)


@pytest.mark.parametrize(
    ("info", "words"),
    [(1, "being rebuilt"), (2, "not started"), (4, "wildcard"), (6, "being added"), (9, "Branches are being indexed")],
)
def test_the_state_of_the_index_is_explained(info, words):
    with StubService(searching([], lambda _: b"", info)) as service, stub_client(service) as client:
        text = bind(TOOLS["search_code"], client).invoke({"text": "word"})
    assert words in text
    assert text.startswith("No files with hits found in P")


def test_beyond_what_the_service_shows_there_is_no_cursor_but_a_note():
    hits = [hit(number, offsets=()) for number in range(1300)]
    with StubService(searching(hits, lambda _: b"")) as service, stub_client(service) as client:
        cursor, rows, notes = None, 0, []
        while True:
            page = search_code.call_sync(client, text="word", limit=200, cursor=cursor)
            rows, notes = rows + len(page.items), page.notes
            if (cursor := page.cursor) is None:
                break
        assert all(json.loads(seen.body)["$skip"] <= 1000 for seen in service.asked("codesearchresults"))
    assert rows == 1200
    assert any("no hits beyond these" in note for note in notes)


def test_the_filters_as_the_service_wants_them():
    with StubService(searching([hit(0)], lambda _: b"word\n")) as service, stub_client(service) as client:
        search_code.call_sync(client, text="word", repository="r", path="src/", branch="refs/heads/main")
        [seen] = service.asked("codesearchresults")
    assert json.loads(seen.body)["filters"] == {
        "Project": ["P"],
        "Repository": ["r"],
        "Path": ["/src"],
        "Branch": ["main"],
    }


def test_filters_that_lack_the_one_before_say_so(reader):
    with pytest.raises(InvalidRequest, match="path and branch need a repository"):
        search_code.call_sync(reader, text="x", project="Platform", branch="main")
    with pytest.raises(InvalidRequest, match="repository needs one project"):
        search_code.call_sync(reader, text="x", repository="docs")


async def test_the_bound_tool_gives_text_and_data_without_secrets(reader):
    call = {"type": "tool_call", "id": "1", "name": "search_code", "args": {"text": "AccountKey"}}
    for message in (
        bind(TOOLS["search_code"], reader).invoke(call),
        await bind(TOOLS["search_code"], reader).ainvoke(call),
    ):
        assert "[secret:account-key:" in message.content
        assert message.artifact["type"] == "files_with_hits"
        [leak] = [row for row in message.artifact["data"] if row["path"] == "/deploy/storage.env"]
        assert "[secret:account-key:" in leak["lines"][0]["text"]


def paths(page):
    return {(hit.repository, hit.path) for hit in page.items}


def test_a_hit_shows_its_lines_with_numbers(platform_reader):
    page = call(platform_reader, "search_code", text="DB_TIMEOUT")
    assert page.total == len(page.items) == 3
    [ci] = [hit for hit in page.items if hit.path == "/deploy/ci.env"]
    [line] = ci.lines
    assert line.text == "DB_TIMEOUT=30"
    file = call(platform_reader, "read_repository_file", repository="platform-api", path="/deploy/ci.env")
    assert file.text.split("\n")[line.line - 1] == line.text


def test_the_project_narrows_and_none_searches_everywhere(platform_reader):
    assert paths(call(platform_reader, "search_code", text="AccountKey", project="Payments"))
    assert not call(platform_reader, "search_code", text="AccountKey", project="Platform").items


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"repository": "infrastructure"}, {("infrastructure", "/k8s/platform-api/deployment.yaml")}),
        ({"repository": "platform-api", "path": "/deploy"}, {("platform-api", "/deploy/ci.env")}),
    ],
)
def test_filters(platform_reader, arguments, expected):
    assert paths(call(platform_reader, "search_code", text="DB_TIMEOUT", **arguments)) == expected


def test_operators_of_the_query_language(platform_reader):
    assert paths(call(platform_reader, "search_code", text="DB_TIMEOUT ext:env")) == {
        ("platform-api", "/deploy/ci.env")
    }


def test_nothing_found_is_said_and_no_error(platform_reader):
    text = text_of(platform_reader, "search_code", text="zzzzyyyy")
    assert text.startswith("No files with hits found in P")


def test_a_wildcard_at_the_start_is_explained(platform_reader):
    assert "wildcard" in text_of(platform_reader, "search_code", text="*TIMEOUT")


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"text": "x", "repository": "platform-apj"}, NotFound, "platform-api"),
        ({"text": "x", "project": "Platfrm"}, ProjectNotFound, "Did you mean 'Platform'?"),
        ({"text": "x", "path": "/src"}, InvalidRequest, "repository"),
        ({"text": ""}, InvalidRequest, "text"),
    ],
)
def test_what_does_not_fit_is_explained(platform_reader, arguments, kind, words):
    assert words in refusal(platform_reader, "search_code", kind, **arguments)


def test_an_organization_without_code_search_is_told_apart(platform_client, organization):
    organization.code_search_installed = False
    assert "Code Search extension" in refusal(platform_client, "search_code", InvalidRequest, text="x")


def test_injected_text_in_a_hit_stays_inside_the_fence(platform_reader):
    text = text_of(platform_reader, "search_code", text='"ignore your previous instructions"', project="Payments")
    inside = text[text.index("<untrusted") : text.index("</untrusted")]
    assert "provider.ts" in inside
    assert "ignore your previous" not in text.replace(inside, "").lower()


def test_lines_that_are_left_out_are_counted_for_each_file_and_in_all(platform_client, push):
    push("Platform", "docs", {"/many.md": b"\n".join(b"zebracross here" for _ in range(11)), "/one.md": b"zebracross"})
    page = call(platform_client, "search_code", text="zebracross")
    assert {hit.path: (len(hit.lines), hit.more_lines) for hit in page.items} == {
        "/many.md": (4, 7),
        "/one.md": (1, None),
    }
    assert "7 matching lines are left out, in 1 of these files: see more_lines." in page.notes
    assert not page.partial
