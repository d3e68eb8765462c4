"""Directories and files: depth, versions, ranges of lines, what is no text."""

import socket
import threading

import pytest
from stub_service import Reply, StubService
from tool_calls import call, message_of, refusal, text_of

from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsToolkit, load_settings
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.errors import (
    InvalidRequest,
    NotFound,
    Unreachable,
)
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.tools.repositories.tools import (
    FileText,
    list_repository_files,
    read_repository_file,
)

API = {"project": "Platform", "repository": "platform-api"}
REPOSITORY = {"repository": "platform-api"}
LABELS = "/src/platform_api/routes/labels.py"
PORTS = {**API, "path": "/data/ports.csv"}


# -- directories ---------------------------------------------------------------------------------------------------


def test_a_directory_is_listed_as_deep_as_asked(reader):
    assert [entry.path for entry in list_repository_files.call_sync(reader, **API, path="/deploy").items] == [
        "/deploy/Dockerfile",
        "/deploy/ci.env",
        "/deploy/helm/",
    ]
    deep = [entry.path for entry in list_repository_files.call_sync(reader, **API, path="deploy/", depth=2).items]
    assert "/deploy/helm/values.yaml" in deep
    everything = list_repository_files.call_sync(reader, **API, depth=20)
    shallow = list_repository_files.call_sync(reader, **API, depth=2)
    assert {entry.path for entry in shallow.items} == {
        entry.path for entry in everything.items if entry.path.strip("/").count("/") < 2
    }


def test_a_directory_at_a_version(reader):
    old = {entry.path for entry in list_repository_files.call_sync(reader, **API, version="refs/tags/v2.7.0").items}
    new = {entry.path for entry in list_repository_files.call_sync(reader, **API).items}
    assert new - old == {"/pipelines/"}


def test_a_file_or_nothing_in_place_of_a_directory(reader):
    with pytest.raises(InvalidRequest, match="Use read_repository_file"):
        list_repository_files.call_sync(reader, **API, path="/README.md")
    with pytest.raises(NotFound, match="Did you mean '/deploy'"):
        list_repository_files.call_sync(reader, **API, path="/deplyo")


def test_a_long_directory_is_cut_and_continued(client, push):
    names = {f"/many/file-{number:04}.txt": b"x\n" for number in range(700)}
    push("Platform", "docs", names)
    first = list_repository_files.call_sync(client, project="Platform", repository="docs", path="/many", limit=400)
    assert (len(first.items), first.total) == (400, 700)
    second = list_repository_files.call_sync(
        client, project="Platform", repository="docs", path="/many", limit=400, cursor=first.cursor
    )
    assert [entry.path for entry in [*first.items, *second.items]] == sorted(names)


def test_a_directory_is_listed_to_the_depth_asked_for(platform_reader):
    top = [row.path for row in call(platform_reader, "list_repository_files", **REPOSITORY).items]
    assert {"/src/", "/README.md"} <= set(top)
    assert all(path.strip("/").count("/") == 0 for path in top)
    below = [
        row.path
        for row in call(
            platform_reader, "list_repository_files", path="/src/platform_api/", depth=2, **REPOSITORY
        ).items
    ]
    assert {"/src/platform_api/tracking/carriers/", "/src/platform_api/settings.py"} <= set(below)
    assert "/src/platform_api/tracking/carriers/northline.py" not in below


# -- files ---------------------------------------------------------------------------------------------------------


def test_a_range_of_a_long_file_says_how_to_go_on(reader, shared_server):
    lines = shared_server.organization.repository("Platform", "platform-api").text("/data/ports.csv").splitlines()
    assert len(lines) == 3001
    part = read_repository_file.call_sync(reader, **PORTS, first_line=1500, last_line=1502)
    assert isinstance(part, FileText)
    assert part.text.split("\n") == lines[1499:1502]
    assert (part.first_line, part.last_line, part.total_lines) == (1500, 1502, 3001)
    text = message_of(reader, "read_repository_file", **PORTS, first_line=1500, last_line=1502)
    assert text.startswith("lines 1,500-1,502 of 3,001; go on with first_line=1503\n<untrusted ")


def test_reading_on_by_the_hints_gives_every_line_once(reader, shared_server):
    lines = shared_server.organization.repository("Platform", "platform-api").text("/data/ports.csv").splitlines()
    tool = bind(TOOLS["read_repository_file"], reader, budget=20_000)
    seen: list[str] = []
    first = 1
    for _ in range(20):
        text = tool.invoke(
            {"type": "tool_call", "id": "1", "name": "read_repository_file", "args": {**PORTS, "first_line": first}}
        )
        assert len(text.content) <= 20_000
        head, *inner = text.content.splitlines()
        seen += inner[3:-1]
        if "go on with first_line=" not in head:
            break
        first = int(head.rpartition("=")[2])
    assert seen == lines


def test_a_whole_file_is_complete_and_without_a_hint(reader):
    text = message_of(reader, "read_repository_file", **API, path="deploy/ci.env")
    assert text.splitlines()[0] == "lines 1-6 of 6"
    assert "DB_TIMEOUT=30" in text


def test_beyond_the_end_and_backwards(reader):
    beyond = read_repository_file.call_sync(reader, **PORTS, first_line=4000)
    assert (beyond.text, beyond.total_lines) == ("", 3001)
    assert beyond.notes == ["There is no line 4000: the file ends with line 3001."]
    with pytest.raises(InvalidRequest, match="last_line 2 lies before first_line 3"):
        read_repository_file.call_sync(reader, **PORTS, first_line=3, last_line=2)


def test_a_binary_file_is_said_and_not_dumped(reader):
    text = message_of(reader, "read_repository_file", **API, path="/assets/logo.png")
    assert "This is a binary file" in text
    assert "PNG" not in text.upper().replace("LOGO.PNG", "")
    assert "IHDR" not in text


def test_an_lfs_pointer_is_said_and_not_dumped(reader):
    result = read_repository_file.call_sync(reader, **API, path="/assets/demand-model.bin")
    assert result.text == ""
    assert "73400320 bytes" in result.notes[0]
    assert "Git LFS" in result.notes[0]


def test_windows_line_ends_do_not_count_twice(reader):
    result = read_repository_file.call_sync(reader, **API, path="/scripts/restart-agent.cmd")
    assert result.total_lines == 6
    assert "\r" not in result.text
    assert result.text.split("\n")[0] == "@echo off"


def test_hidden_characters_are_named_and_not_shown(reader):
    result = read_repository_file.call_sync(reader, **API, path="/src/platform_api/routes/labels.py")
    assert "RIGHT-TO-LEFT OVERRIDE" in result.notes[0]
    text = message_of(reader, "read_repository_file", **API, path="/src/platform_api/routes/labels.py")
    assert "RIGHT-TO-LEFT OVERRIDE" in text
    assert not set(text) & {"\u202e", "\u200b", "\u202c"}


def test_text_in_other_encodings_and_odd_line_ends(client, push):
    odd = "one\u2028still one\ntwo\rstill two\nthree\x85still three\n"
    files = {
        "/utf16.txt": "Grüße\nzweite\n".encode("utf-16"),
        "/bom.txt": b"\xef\xbb\xbffirst\nsecond",
        "/odd.txt": odd.encode(),
        "/empty.txt": b"",
        "/long.txt": b"a" * 50_000 + b"\nshort\n",
        "/late.txt": b"text\n" * 500 + b"\0\0\0",
    }
    push("Platform", "docs", files)

    def read(path):
        return read_repository_file.call_sync(client, project="Platform", repository="docs", path=path)

    assert read("/utf16.txt").text == "Grüße\nzweite"
    assert read("/bom.txt").text == "first\nsecond"
    assert read("/odd.txt").text.split("\n") == ["one still one", "two still two", "three still three"]
    assert message_of(
        client, "read_repository_file", project="Platform", repository="docs", path="/odd.txt"
    ).startswith("lines 1-3 of 3\n")
    assert (read("/empty.txt").total_lines, read("/empty.txt").notes) == (0, [])
    assert [len(line) for line in read("/long.txt").text.split("\n")] == [4000, 5]
    assert read("/long.txt").notes == ["Lines are cut at 4,000 characters."]
    assert read("/late.txt").notes == ["This is a binary file; its content is not shown."]


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("refs/tags/v2.7.0", "2.7.0"),
        ("v2.7.0", "2.7.0"),
        ("refs/heads/release/2.8", "2.8.0"),
        ("release/2.8", "2.8.0"),
    ],
)
def test_versions_in_the_forms_people_write(reader, version, expected):
    result = read_repository_file.call_sync(reader, **API, path="/pyproject.toml", version=version)
    assert f'version = "{expected}"' in result.text


def test_a_commit_id_says_its_type_itself(reader, shared_server):
    repository = shared_server.organization.repository("Platform", "platform-api")
    commit = repository.find_commit("Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings")
    path = "/src/platform_api/settings.py"
    assert (
        'os.environ["DATABASE_TIMEOUT"]'
        in read_repository_file.call_sync(reader, **API, path=path, version=commit.id).text
    )
    before = read_repository_file.call_sync(reader, **API, path=path, version=commit.parents[0])
    assert 'os.environ["DB_TIMEOUT"]' in before.text


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"version": "refs/heads/v2.8.0"}, NotFound, "It is a tag: repeat with 'refs/tags/v2.8.0'"),
        ({"version": "refs/tags/main"}, NotFound, "It is a branch: repeat with 'refs/heads/main'"),
        ({"version": "realease/2.8"}, NotFound, "Did you mean 'release/2.8'"),
        ({"version": "f6ab48a"}, NotFound, "has to be whole, with 40 digits"),
        ({"version": "0" * 40}, NotFound, "has no commit"),
        ({"version": "main", "version_type": "tag"}, InvalidRequest, "version_type is not a parameter"),
    ],
)
def test_a_wrong_version_says_what_to_do(reader, arguments, error, message):
    with pytest.raises(error, match=message):
        read_repository_file.call_sync(reader, **API, path="/README.md", **arguments)


def test_a_missing_file_is_told_from_a_missing_folder(reader):
    with pytest.raises(NotFound, match=r"Did you mean '/README\.md'"):
        read_repository_file.call_sync(reader, **API, path="/readme.md")
    with pytest.raises(NotFound, match="Its folder '/nowhere' is not there either"):
        read_repository_file.call_sync(reader, **API, path="/nowhere/x.py")
    with pytest.raises(InvalidRequest, match="Use list_repository_files"):
        read_repository_file.call_sync(reader, **API, path="/deploy")


def test_a_file_whose_connection_breaks_is_an_error_and_not_a_short_file():
    # More is promised than comes: the connection ends in the middle of the body.
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 999999\r\n\r\n"

    def serve(listener):
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(head.encode() + b"line\n" * 400)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/contoso"
        impatient = RunContext(timeouts=Timeouts(retry_pause=0.01, max_attempts=2))
        with (
            AzureDevOps(load_settings(base_url=base_url, pat="x" * 52), context=impatient) as client,
            pytest.raises(Unreachable, match="broke while"),
        ):
            read_repository_file.call_sync(client, project="P", repository="r", path="/x")


def test_a_big_file_is_counted_without_being_kept():
    body = b"0123456789abcdef\n" * 200_000
    with (
        StubService([Reply(200, body, {"X-VSS-UserData": "x"}, content_type="application/octet-stream")]) as service,
        AzureDevOps(load_settings(base_url=service.base_url, pat="x" * 52)) as client,
    ):
        result = read_repository_file.call_sync(client, project="P", repository="r", path="/x")
        assert len(service.seen) == 1
    assert result.total_lines == 200_000
    assert len(result.text) < 130_000


def test_a_file_at_a_branch_a_tag_and_a_commit(platform_reader):
    path = "/pyproject.toml"
    assert 'version = "2.7.0"' in text_of(
        platform_reader, "read_repository_file", path=path, version="v2.7.0", **REPOSITORY
    )
    assert 'version = "2.8.0"' in text_of(
        platform_reader, "read_repository_file", path=path, version="release/2.8", **REPOSITORY
    )
    [main] = [row for row in call(platform_reader, "list_branches", **REPOSITORY).items if row.name == "main"]
    at_commit = call(platform_reader, "read_repository_file", path=path, version=main.commit, **REPOSITORY)
    assert at_commit.text == call(platform_reader, "read_repository_file", path=path, **REPOSITORY).text


def test_what_a_reader_would_not_see_is_left_out_for_the_model(platform_reader):
    text = text_of(platform_reader, "read_repository_file", path=LABELS, **REPOSITORY)
    assert "LABEL_WIDTH_MM" in text
    assert not set(text) & set("\u202e\u202c\u200b\u2066\u2069")
    assert "\u202e" in call(platform_reader, "read_repository_file", path=LABELS, **REPOSITORY).text


def test_a_binary_is_said_and_not_dumped(platform_reader):
    text = text_of(platform_reader, "read_repository_file", path="/assets/logo.png", **REPOSITORY)
    assert "binary" in text
    assert "IHDR" not in text


def test_an_lfs_pointer_is_said_to_be_one(platform_reader):
    assert "Git LFS pointer" in text_of(
        platform_reader, "read_repository_file", path="/assets/demand-model.bin", **REPOSITORY
    )


def test_line_ends_of_windows_are_line_ends(platform_reader):
    found = call(platform_reader, "read_repository_file", path="/scripts/restart-agent.cmd", **REPOSITORY)
    assert found.total_lines == 6
    assert found.text.split("\n")[0] == "@echo off"
    assert "\r" not in found.text


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [(1, 1, (1, 1)), (2999, 3001, (2999, 3001)), (3000, 9999, (3000, 3001)), (3001, None, (3001, 3001))],
)
def test_a_range_of_lines(platform_reader, first, last, shown):
    found = call(
        platform_reader, "read_repository_file", path="/data/ports.csv", first_line=first, last_line=last, **REPOSITORY
    )
    assert (found.first_line, found.last_line) == shown
    assert found.total_lines == 3001


def test_a_range_outside_the_file_is_said(platform_reader):
    assert "no lines of 3,001" in text_of(
        platform_reader, "read_repository_file", path="/data/ports.csv", first_line=5000, **REPOSITORY
    )
    message = refusal(
        platform_reader, "read_repository_file", InvalidRequest, path="/a", first_line=5, last_line=4, **REPOSITORY
    )
    assert "last_line 4 lies before first_line 5" in message


def test_a_long_file_is_cut_at_a_line_and_read_on_without_loss(platform_reader):
    lines, following = [], 1
    while following:
        text = text_of(
            platform_reader, "read_repository_file", path="/data/ports.csv", first_line=following, **REPOSITORY
        )
        assert len(text) <= 32_000
        head, body = text.split("\n", 1)
        last = int(head.split("-")[1].split(" ")[0].replace(",", ""))
        lines += body.split("\n")[-2 - last + following : -1]
        following = int(head.split("first_line=")[1]) if "first_line=" in head else 0
    halves = ((1, 1500), (1501, 3001))
    parts = [
        call(platform_reader, "read_repository_file", path="/data/ports.csv", first_line=a, last_line=b, **REPOSITORY)
        for a, b in halves
    ]
    assert lines == [line for part in parts for line in part.text.split("\n")]
    assert len(lines) == 3001


def test_a_secret_in_the_repository_is_a_pseudonym_for_the_model(shared_server):

    with AzureDevOpsToolkit(base_url=shared_server.base_url, pat="read-token", default_project="Payments") as toolkit:
        [tool] = [tool for tool in toolkit.get_tools() if tool.name == "read_repository_file"]
        arguments = {"repository": "checkout-service", "path": "/deploy/storage.env"}
        message = tool.invoke({"type": "tool_call", "id": "1", "name": "read_repository_file", "args": arguments})
    assert message.status == "success"
    assert "AccountKey=[secret:" in message.content
