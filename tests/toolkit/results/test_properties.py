"""What holds for any input: pages, paths, texts and cursors."""

import base64
import json
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import Field
from stub_service import RESET, Reply, StubService, ok

from langchain_azure_devops import TOOLS, AzureDevOps, load_settings
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.request import Request, expand_path
from langchain_azure_devops.results.models import (
    Failed,
    Lines,
    Page,
    Position,
    Result,
    Untrusted,
    UntrustedText,
    decode_cursor,
    encode_cursor,
)  # fmt: skip
from langchain_azure_devops.results.rendering import MAX_BUDGET, render
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.safety.grants import Operation

ANY_TEXT = st.text(alphabet=st.characters(), max_size=60)
"""Also lone surrogates, which no UTF-8 can carry."""


# -- pages ---------------------------------------------------------------------------------------------------------


class Service:
    """Lists of every style of paging, whose answers fail by a plan, at most three times in a row."""

    def __init__(self) -> None:
        self.begin(0, 1, [])

    def begin(self, rows: int, most: int, plan: list[str]) -> None:
        self.rows, self.most, self.plan, self.in_a_row = rows, most, list(plan), 0

    def __call__(self, seen) -> Reply:
        kind = self.plan.pop(0) if self.plan else "ok"
        self.in_a_row = 0 if kind == "ok" else self.in_a_row + 1
        if self.in_a_row > 3:
            kind, self.in_a_row = "ok", 0
        if kind == "reset":
            return RESET
        if kind != "ok":
            return Reply(int(kind), headers={"Retry-After": "0"})
        url = urlsplit(seen.target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        first = int(query.get("$skip", query.get("continuationToken", 0)))
        many = self.rows if "/repositories" in url.path else min(int(query["$top"]), self.most)
        numbers = range(first, min(first + many, self.rows))
        make = next(make for part, make in ROWS.items() if part in url.path)
        answer = ok({"value": [make(number) for number in numbers]})
        if "/builds" in url.path and first + many < self.rows:
            answer.headers["x-ms-continuationtoken"] = str(first + many)
        return answer


ROWS = {
    "/builds": lambda number: {"id": number, "definition": {"name": "ci"}, "status": "completed"},
    "/pullrequests": lambda number: {
        "pullRequestId": number,
        "title": "t",
        "createdBy": {"displayName": "Mina" if number % 3 == 0 else "Tom"},
        "repository": {"name": "r"},
        "sourceRefName": "refs/heads/a",
        "targetRefName": "refs/heads/b",
        "status": "active",
        "creationDate": "2026-11-20T09:00:00Z",
    },
    "/repositories": lambda number: {"id": str(number), "name": f"r{number}", "project": {"name": "P"}},
}


@pytest.fixture(scope="module")
def service():
    answers = Service()
    timeouts = Timeouts(retry_pause=0.001, max_retry_pause=0.002, max_attempts=9)
    with StubService(answers) as stub:
        chosen = load_settings(base_url=stub.base_url, pat="t", default_project="P", environ={})
        with AzureDevOps(chosen, context=RunContext(timeouts=timeouts)) as client:
            yield answers, client


@given(
    tool=st.sampled_from(["list_builds", "list_pull_requests", "filtered", "list_repositories"]),
    rows=st.integers(0, 40),
    most=st.integers(1, 15),
    limits=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    plan=st.lists(st.sampled_from(["ok", "ok", "429", "503", "reset"]), max_size=30),
)
@settings(max_examples=60, deadline=timedelta(seconds=30))
def test_paging_loses_and_repeats_no_row(service, tool, rows, most, limits, plan):
    answers, client = service
    # A service that pages by number gives as many rows as it is asked for; how else would anybody know the end.
    answers.begin(rows, most if tool == "list_builds" else 1000, plan)
    name, arguments = ("list_pull_requests", {"author": "Mina"}) if tool == "filtered" else (tool, {})
    found: list[int] = []
    cursor, turn = None, 0
    while True:
        limit = limits[turn % len(limits)]
        page = TOOLS[name].call_sync(client, limit=limit, cursor=cursor, **arguments)
        assert len(page.items) <= limit
        found += [int(row.id) for row in page.items]
        cursor, turn = page.cursor, turn + 1
        if cursor is None:
            break
        assert turn <= rows + 2, "it comes to an end"
    assert found == [number for number in range(rows) if tool != "filtered" or number % 3 == 0]


# -- paths ---------------------------------------------------------------------------------------------------------

BASE = "https://dev.azure.com/tidewater"
TEMPLATE = "/{project}/_apis/git/repositories/{repository}/refs"


@given(project=ANY_TEXT, repository=ANY_TEXT)
@example("..", "r")
@example("p", "../../../other")
@example("p", "%2e%2e")
@example("p", "..%2f..")
@example("p?x=1#", "r;a=b")
@example("p", "r\ud800")
@example("．．", "r／x")
def test_no_name_leaves_its_place_in_the_path(project, repository):
    request = Request(Operation("GET", TEMPLATE), {"project": project, "repository": repository}, {"filter": "heads/"})
    try:
        sent = request.http(BASE, {})
    except InvalidRequest:
        return
    assert (sent.url.scheme, sent.url.host) == ("https", "dev.azure.com")
    path, _, query = sent.url.raw_path.decode("ascii").partition("?")
    assert [unquote(part) for part in path.split("/")] == [
        "", "tidewater", project, "_apis", "git", "repositories", repository, "refs",
    ]  # fmt: skip
    assert not {".", ".."} & set(path.split("/"))
    assert parse_qs(query) == {"filter": ["heads/"], "api-version": ["7.1"]}
    assert sent.url.fragment == ""


@given(value=ANY_TEXT)
def test_no_query_value_becomes_another_parameter(value):
    request = Request(Operation("GET", "/_apis/projects"), {}, {"continuationToken": value})
    try:
        sent = request.http(BASE, {})
    except InvalidRequest:
        return
    query = parse_qs(sent.url.query.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert query == {"continuationToken": [value], "api-version": ["7.1"]}


@given(value=st.sampled_from(["/", "\\", "\x00", "\n", "\x7f"]), around=st.text(max_size=5))
def test_separators_and_control_characters_are_refused(value, around):
    with pytest.raises(InvalidRequest):
        expand_path("/_apis/projects/{name}", {"name": around + value + around})


# -- texts ---------------------------------------------------------------------------------------------------------


class Row(Result):
    plural = "rows"

    id: int
    commit: str
    title: Untrusted
    body: UntrustedText | None = None


class Record(Row):
    notes: list[Untrusted] = Field(default=[])
    rows: list[Row] = Field(default=[])


NUMBERS = st.integers(1, 2**31)
LONG = st.builds(lambda text, times: text * times, st.text(max_size=40), st.sampled_from([1, 3, 200]))
TABLE = st.lists(st.builds(Row, id=NUMBERS, commit=st.just("c" * 40), title=LONG), min_size=1, max_size=60)
BUDGETS = st.integers(4_000, 2 * MAX_BUDGET)


def within(text: str, budget: int) -> None:
    assert len(text) <= min(budget, MAX_BUDGET)
    assert text.count("nonce") == 2, "one fence"


@given(rows=TABLE, budget=BUDGETS, notes=st.lists(LONG, max_size=4), failed=st.integers(0, 30), more=st.booleans())
def test_a_table_keeps_to_its_budget_and_cuts_no_id(rows, budget, notes, failed, more):
    page = Page[Row].of(rows, Position(skip=5), Position(token="t" * 300) if more else None, "digest")
    page.notes.extend(note.replace("nonce", "") for note in notes)
    page.failed.extend(Failed(place=f"Project {number}", status="denied", reason="no") for number in range(failed))
    rendered = render(page, "nonce", budget)
    text, complete = rendered.text, rendered.complete
    within(text, budget)
    lines = text.split("\n")
    shown = int(lines[0].split(" ")[0])
    assert 1 <= shown <= len(rows)
    cells = [line.split("\t") for line in lines[3 : 3 + shown]]
    assert [(int(cell[0]), cell[1]) for cell in cells] == [(row.id, row.commit) for row in rows[:shown]]
    assert complete == (shown == len(rows) and not more)
    if shown < len(rows):
        cursor = lines[0].split('cursor="')[1].split('"')[0]
        assert decode_cursor(cursor, "digest") == Position(skip=5, offset=shown)


RECORDS = st.builds(
    Record, id=NUMBERS, commit=st.just("c" * 40), title=LONG, body=LONG, notes=st.lists(LONG, max_size=3), rows=TABLE
)


@given(row=RECORDS, budget=BUDGETS)
def test_a_record_keeps_to_its_budget_and_cuts_no_id(row, budget):
    text = render(row, "nonce", budget).text
    within(text, budget)
    lines = text.split("\n")
    assert lines[1:3] == [f"id: {row.id}", f"commit: {row.commit}"]
    ids = {str(each.id) for each in row.rows}
    table = [line.strip().split("\t") for line in lines if line.startswith("  ") and line.count("\t") >= 1]
    assert {cell[0] for cell in table} <= {*ids, "id"}


@given(text=LONG, first=st.integers(1, 10**6), budget=BUDGETS)
def test_numbered_text_keeps_to_its_budget_and_says_where_to_go_on(text, first, budget):
    total = first + text.count("\n") + 7
    shown = render(Lines(first_line=first, total_lines=total, text=text.replace("nonce", "")), "nonce", budget).text
    within(shown, budget)


# -- cursors -------------------------------------------------------------------------------------------------------

POSITIONS = st.builds(Position, token=st.text(max_size=50), skip=st.integers(0, 10**9), offset=st.integers(0, 1000))


@given(position=POSITIONS, digest=st.text(max_size=20), other=st.text(max_size=20))
def test_a_cursor_fits_its_own_call_only(position, digest, other):
    cursor = encode_cursor(position, digest)
    assert decode_cursor(cursor, digest) == position
    assume(other != digest)
    with pytest.raises(InvalidRequest):
        decode_cursor(cursor, other)


@given(position=POSITIONS, at=st.integers(0, 200), character=st.characters(max_codepoint=127))
def test_a_changed_cursor_is_refused_or_means_the_same(position, at, character):
    cursor = encode_cursor(position, "digest")
    at %= len(cursor)
    changed = cursor[:at] + character + cursor[at + 1 :]
    try:
        found = decode_cursor(changed, "digest")
    except InvalidRequest:
        return
    assert found == position, "base64 has letters whose last bits say nothing"


@given(text=st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode()))
def test_what_is_no_cursor_is_refused(text):
    assume(text)
    with pytest.raises(InvalidRequest):
        decode_cursor(text, "digest")


@given(value=st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=4)))
def test_no_json_passes_for_a_cursor(value):
    made = base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    with pytest.raises(InvalidRequest):
        decode_cursor(made, "digest")
