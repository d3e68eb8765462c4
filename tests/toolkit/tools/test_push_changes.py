"""Several files in one commit: what git sees afterwards, what an approver sees before, and what is refused."""

import asyncio
import difflib
import random
import stat

import httpx
import pytest
from git_client import git_in
from tool_calls import FULL, Exempt, Recorder, call, message_of, refusal, writes

from azure_devops_simulator import Fault
from azure_devops_simulator.state.git_objects import Entry, Signature
from azure_devops_simulator.state.policies import COMMENTS, Policy
from azure_devops_simulator.state.projects import RefUpdate
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsError, approve_writes_with, load_settings
from langchain_azure_devops.errors import (
    AlreadyExists,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RefusedByPolicy,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.runtime import RunContext, Timeouts

REGULAR, EXECUTABLE, LINK = 0o100644, 0o100755, 0o120000
SECRET = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
FILES = {
    "/README.md": (REGULAR, b"# docs\n\nHow we work.\nHow we rest.\n"),
    "/run.sh": (EXECUTABLE, b"#!/bin/sh\nset -e\nmake all\n"),
    "/windows.ini": (REGULAR, b"[one]\r\na=1\r\n[two]\r\na=2\r\n"),
    "/mixed.txt": (REGULAR, b"one\r\ntwo\nthree\r\nfour"),
    "/no-end.txt": (REGULAR, b"first\nlast"),
    "/marked.txt": (REGULAR, "\ufeffgr\u00fcn\nrot\n".encode()),
    "/wide.txt": (REGULAR, b"\xff\xfe" + "gr\u00fcn\r\nrot\r\n".encode("utf-16-le")),
    "/western.txt": (REGULAR, b"caf\xe9\nthe\n"),
    "/picture.png": (REGULAR, b"\x89PNG\0\0data"),
    "/model.bin": (REGULAR, b"version https://git-lfs.github.com/spec/v1\noid sha256:1234\nsize 12\n"),
    "/settings.py": (REGULAR, f'host = "a"\ntoken = "{SECRET}"\nport = 1\n'.encode()),
    "/src/app.py": (
        REGULAR,
        b"import os\n\n\n@cache\ndef one():\n    return 1\n\n\n@cache\ndef two():\n    return 1\n",
    ),
    "/docs/a file.md": (REGULAR, b"a\n"),
    "/key.txt": (REGULAR, f"one\n{SECRET}\ntwo\n".encode()),
}
DOCS = {"repository": "docs", "branch": "work", "message": "Change by test"}


@pytest.fixture
def repository(organization):
    return organization.project("Platform").repository("docs")


@pytest.fixture
def base(organization, repository):
    """The branch `work`, with these files and nothing else."""
    objects = repository.objects
    entries = {path: Entry(path.rpartition("/")[2], mode, objects.put_blob(raw)) for path, (mode, raw) in FILES.items()}
    who = Signature("Dana Ortiz", "dana.ortiz@tidewater.example", organization.clock.now().replace(microsecond=0))
    commit = objects.put_commit(objects.put_tree(entries), (), who, "Begin")
    update = RefUpdate("refs/heads/work", "0" * 40, commit)
    repository.record_push(
        organization.next_id("push"), organization.named("Dana Ortiz"), organization.clock.tick(), (update,)
    )
    return commit


@pytest.fixture
def push_files(platform_client, base):
    return lambda *changes, **more: call(
        platform_client, "push_changes", **{**DOCS, "base": base, "changes": [*changes], **more}
    )


@pytest.fixture
def refused(platform_client, repository, base, sent):
    """Pushes and returns the message of the refusal, before anything was sent."""

    def push(kind, *changes, **more):
        before = dict(repository.refs)
        given = {**DOCS, "base": base, "changes": [*changes], **more}
        said = refusal(platform_client, "push_changes", kind, **given)
        assert repository.refs == before
        assert writes(sent) == []
        return said

    return push


@pytest.fixture
def clone(server, tmp_path):
    """Clones the branch with the real git; returns what differs from the base, and the bytes of each file."""
    git = git_in(tmp_path)

    def read(branch="work"):
        host = server.base_url.partition("://")[2]
        git(
            "clone",
            "--quiet",
            "-c",
            "core.autocrlf=false",
            "-b",
            branch,
            f"http://me:{FULL}@{host}/Platform/_git/docs",
            branch,
        )
        git("fsck", "--strict", "--no-dangling", into=branch)
        changed = git("diff", "--raw", "-M50%", "HEAD~1", into=branch).stdout.splitlines()
        return [line.split(" ", 4)[4] for line in changed], tmp_path / branch, git

    return read


def content_of(repository, path, branch="work"):
    tip = repository.refs[f"refs/heads/{branch}"]
    return repository.objects.blob(repository.files(tip)[path].id)


# -- what git sees -------------------------------------------------------------------------------------------------


def test_one_commit_has_every_kind_of_change_and_nothing_else(push_files, clone, repository, base):
    made = push_files(
        {"path": "/README.md", "search": "How we rest.", "replace": "How we rest, too."},
        {"path": "docs/new.md", "content": "new\n"},
        {"path": "/no-end.txt", "delete": True},
        {"path": "/windows.ini", "new_path": "/conf/windows.ini"},
        {"path": "/run.sh", "new_path": "/bin/run.sh", "search": "make all", "replace": "make most"},
        {"path": "/picture.png", "new_path": "/img/picture.png"},
    )
    changed, folder, git = clone()
    assert sorted(row.partition("\t")[2] for row in changed) == [
        "README.md",
        "docs/new.md",
        "no-end.txt",
        "picture.png\timg/picture.png",
        "run.sh\tbin/run.sh",
        "windows.ini\tconf/windows.ini",
    ]
    assert stat.S_IMODE((folder / "bin/run.sh").stat().st_mode) & 0o100
    assert (folder / "bin/run.sh").read_bytes() == b"#!/bin/sh\nset -e\nmake most\n"
    assert (folder / "img/picture.png").read_bytes() == FILES["/picture.png"][1]
    assert git("log", "-1", "--format=%s|%P", into="work").stdout.strip() == f"Change by test|{base}"
    assert made.commit == repository.refs["refs/heads/work"]
    assert made.files[:2] == ["edit /README.md", "add /docs/new.md"]


@pytest.mark.parametrize(
    ("path", "search", "new", "result"),
    [
        ("/run.sh", "make all", "make\n  all", b"#!/bin/sh\nset -e\nmake\n  all\n"),
        ("/windows.ini", "a=1\n[two]", "a=1\nb=1\n[two]", b"[one]\r\na=1\r\nb=1\r\n[two]\r\na=2\r\n"),
        ("/mixed.txt", "two\nthree\n", "2\n3\n", b"one\r\n2\n3\r\nfour"),
        ("/mixed.txt", "four", "four\nfive", b"one\r\ntwo\nthree\r\nfour\r\nfive"),
        ("/no-end.txt", "last", "end", b"first\nend"),
        ("/marked.txt", "gr\u00fcn", "blau \u00e4", "\ufeffblau \u00e4\nrot\n".encode()),
        ("/wide.txt", "rot", "rot\nblau", b"\xff\xfe" + "gr\u00fcn\r\nrot\r\nblau\r\n".encode("utf-16-le")),
        ("/western.txt", "the", "tea", b"caf\xe9\ntea\n"),
        ("/windows.ini", "[two]\r\na=2\r\n", "", b"[one]\r\na=1\r\n"),
    ],
)
def test_line_ends_marks_and_encodings_stay(push_files, repository, path, search, new, result):
    mode = FILES[path][0]
    push_files({"path": path, "search": search, "replace": new})
    assert content_of(repository, path) == result
    assert repository.files(repository.refs["refs/heads/work"])[path].mode == mode


def test_several_edits_of_one_file_are_made_in_order(push_files, repository):
    push_files(
        {"path": "/README.md", "search": "How we work.", "replace": "How we play."},
        {"path": "/README.md", "search": "How we play.\nHow we rest.", "replace": "How we live."},
        {"path": "README.md", "search": "docs", "replace": "handbook", "new_path": "/INDEX.md"},
    )
    assert content_of(repository, "/INDEX.md") == b"# handbook\n\nHow we live.\n"


def test_a_text_that_occurs_several_times_is_replaced_as_often_as_was_said(push_files, refused, repository):
    said = refused(InvalidRequest, {"path": "/src/app.py", "search": "    return 1\n", "replace": "    return 2\n"})
    assert "occurs twice, at line 6, 11" in said
    push_files({"path": "/src/app.py", "search": "    return 1\n", "replace": "    return 2\n", "times": 2})
    assert content_of(repository, "/src/app.py").count(b"return 2") == 2


@pytest.mark.parametrize(
    "diff",
    [
        "@@ -9,3 +9,3 @@\n @cache\n def two():\n-    return 1\n+    return 2\n",
        "--- a/src/app.py\n+++ b/src/app.py\n@@ -10,2 +10,2 @@ x\n def two():\n-    return 1\n+    return 2\n",
        "@@ -2,3 +2,3 @@\n @cache\n def two():\n-    return 1\n+    return 2",
        "@@ -9,3 +9,3 @@\r\n @cache\r\n def two():\r\n-    return 1\r\n+    return 2\r\n",
        "@@ -6,6 +6,6 @@\n     return 1\n\n\n @cache\n def two():\n-    return 1\n+    return 2\n",
    ],
    ids=["plain", "with names", "lines are off", "windows", "blank context"],
)
def test_a_diff_is_applied_where_it_fits(push_files, repository, diff):
    push_files({"path": "/src/app.py", "diff": diff})
    assert content_of(repository, "/src/app.py") == FILES["/src/app.py"][1][:-2] + b"2\n"


@pytest.mark.parametrize(
    ("path", "diff", "said"),
    [
        (
            "/src/app.py",
            "@@ -5,1 +5,1 @@\n-def three():\n+def four():\n",
            "Around line 5 stands:\n4: @cache\n5: def one",
        ),
        ("/src/app.py", "@@ -1,1 +1,1 @@\n-@cache\n+@lru\n", "stand at lines 4, 9, and not at line 1"),
        ("/src/app.py", "@@ -4,3 +4,3 @@\n @cache\n-def one():\n+def uno():\n", "begin it with '@@ -4,2 +4,2 @@'"),
        ("/src/app.py", "def one():\n", "no part that begins with '@@"),
        ("/src/app.py", "@@ -4,1 +4,1 @@\n?cache\n", "begins with none of"),
        ("/src/app.py", "@@ -90,0 +91,1 @@\n+x = 1\n", "which the file does not have"),
        ("/README.md", "@@ -1,1 +1,1 @@\n # docs\n", "change nothing"),
        (
            "/README.md",
            "@@ -4,1 +4,1 @@\n-How we rest.\n\\ No newline at end of file\n+x\n",
            "a line without a line end",
        ),
    ],
)
def test_a_diff_that_does_not_fit_is_refused_with_the_lines_that_are_there(refused, path, diff, said):
    assert said in refused(InvalidRequest, {"path": path, "diff": diff})


@pytest.mark.parametrize(
    ("path", "diff", "result"),
    [
        ("/no-end.txt", "@@ -2,1 +2,2 @@\n last\n+more\n", b"first\nlast\nmore"),
        ("/no-end.txt", "@@ -2,1 +2,1 @@\n-last\n\\ No newline at end of file\n+last\n", b"first\nlast\n"),
        (
            "/README.md",
            "@@ -4,1 +4,1 @@\n-How we rest.\n+No.\n\\ No newline at end of file\n",
            b"# docs\n\nHow we work.\nNo.",
        ),
        ("/mixed.txt", "@@ -1,2 +1,3 @@\n one\n-two\n+2\n+2.5\n", b"one\r\n2\n2.5\nthree\r\nfour"),
        ("/windows.ini", "@@ -0,0 +1,1 @@\n+; top\n", b"; top\r\n" + FILES["/windows.ini"][1]),
    ],
)
def test_a_diff_keeps_the_ends_of_lines_unless_it_names_them(push_files, repository, path, diff, result):
    push_files({"path": path, "diff": diff})
    assert content_of(repository, path) == result


def test_a_new_branch_begins_at_the_base(push_files, repository, base):
    made = push_files({"path": "/new.md", "content": "x"}, branch="refs/heads/fresh", new_branch=True)
    assert repository.refs["refs/heads/fresh"] == made.commit
    assert repository.commit(made.commit).parents == (base,)
    assert repository.refs["refs/heads/work"] == base


# -- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        (InvalidRequest, [{"path": "/README.md", "search": "How we sleep.", "replace": ""}], "3: How we work."),
        (InvalidRequest, [{"path": "/README.md", "search": "zzzzqqqq", "replace": ""}], "No line is like"),
        (NotFound, [{"path": "/READNE.md", "search": "a", "replace": "b"}], "Did you mean '/README.md'?"),
        (NotFound, [{"path": "/gone.md", "delete": True}], "There is no '/gone.md'"),
        (NotFound, [{"path": "/gone.md", "new_path": "/here.md"}], "There is no '/gone.md'"),
        *(
            (InvalidRequest, [change], f"Nothing was changed: {folder} is a folder, and only files can be created")
            for folder, change in (
                ("/src", {"path": "/src", "delete": True}),
                ("/src", {"path": "/src", "new_path": "/lib"}),
                ("/src", {"path": "/src", "content": "x"}),
                ("/src", {"path": "/README.md", "new_path": "/src"}),
            )
        ),
        (AlreadyExists, [{"path": "/README.md", "content": "x"}], "Edit it with search and replace or with a diff"),
        (AlreadyExists, [{"path": "/README.md", "new_path": "/run.sh"}], "/run.sh is there"),
        (InvalidRequest, [{"path": "/picture.png", "search": "PNG", "replace": "JPG"}], "is a binary file"),
        (InvalidRequest, [{"path": "/model.bin", "search": "12", "replace": "13"}], "pointer of Git LFS"),
        (InvalidRequest, [{"path": "/western.txt", "search": "the", "replace": "t\u00e9"}], "only ASCII"),
        (InvalidRequest, [{"path": "/README.md", "search": "docs", "replace": "docs"}], "change nothing"),
        (InvalidRequest, [{"path": "/README.md"}], "needs one of"),
        (InvalidRequest, [{"path": "/README.md", "search": "docs"}], "go together"),
        (InvalidRequest, [{"path": "/README.md", "search": "", "replace": "x"}], "search is empty"),
        (InvalidRequest, [{"path": "/README.md", "content": "x", "delete": True}], "needs one of"),
        (InvalidRequest, [{"path": "/n.md", "content": "x", "new_path": "/m.md"}], "goes neither with content"),
        (InvalidRequest, [{"path": "/n.md", "content": "x"}, {"path": "n.md", "content": "y"}], "no other change"),
        (
            InvalidRequest,
            [{"path": "/README.md", "new_path": "/a"}, {"path": "/README.md", "new_path": "/b"}],
            "renamed twice",
        ),
        (InvalidRequest, [{"path": "/README.md", "new_path": "/n"}, {"path": "/n", "content": ""}], "two commits"),
        (
            InvalidRequest,
            [{"path": "/README.md", "new_path": "/n"}, {"path": "/run.sh", "new_path": "/n"}],
            "two commits",
        ),
        (InvalidRequest, [{"path": "/a/../b", "content": ""}], "is no path of a file"),
        (InvalidRequest, [{"path": "/.git/config", "content": ""}], "is no path of a file"),
        (InvalidRequest, [{"path": "/", "content": ""}], "is no path of a file"),
        *(
            (InvalidRequest, [{"path": path, "content": ""}], "is no path of a file")
            for path in (
                "/.GIT/x",
                "/.git./x",
                "/a/.git ./x",
                "/.Git",
                "/GIT~1/x",
                "/git~1 .",
                "/.git::$DATA",
                "/.g\u200cit/x",
            )
        ),
        *(
            (InvalidRequest, [{"path": path, "content": ""}], "has a backslash")
            for path in ("/a\\..\\b", "\\a", "/.git\\config")
        ),
        (InvalidRequest, [{"path": "/README.md", "new_path": "/.git /hooks"}], "is no path of a file"),
        (InvalidRequest, [], "at least 1 item"),
        (InvalidRequest, [{"path": "/x", "contents": "y"}], "contents"),
        (InvalidRequest, [{"path": f"/{n}", "content": ""} for n in range(101)], "at most 100"),
    ],
    ids=lambda value: str(value)[:60] if not isinstance(value, type) else value.__name__,
)
def test_changes_that_do_not_fit_are_refused_and_nothing_is_sent(refused, kind, changes, said):
    assert said in refused(kind, *changes)


@pytest.mark.parametrize(
    ("more", "kind", "said"),
    [
        ({"branch": "wrok"}, NotFound, "Did you mean 'work'?"),
        ({"branch": "refs/tags/work"}, InvalidRequest, "is no branch"),
        ({"branch": "main", "new_branch": True}, AlreadyExists, "branch 'main' exists already, at"),
        ({"base": "work"}, InvalidRequest, "is no commit id"),
        ({"base": "1" * 40}, NotFound, "has no commit"),
        ({"repository": "dosc"}, NotFound, "Did you mean 'docs'?"),
        ({"message": ""}, InvalidRequest, "message"),
    ],
    ids=str,
)
def test_a_place_that_is_not_there_is_refused(refused, more, kind, said):
    assert said in refused(kind, {"path": "/README.md", "search": "docs", "replace": "handbook"}, **more)


def test_a_diff_of_very_many_parts_is_refused(refused):
    part = "@@ -1,1 +1,1 @@\n-# docs\n+# more\n"
    assert "more than 1,000 parts" in refused(InvalidRequest, {"path": "/README.md", "diff": part * 1_001})


def test_a_short_text_beside_a_secret_is_found_where_it_is_shown(push_files, push, repository):
    raw = f'x = "{SECRET}a"\na\n'.encode()
    tip = push("Platform", "docs", {"/beside.py": raw}, "work")
    push_files({"path": "/beside.py", "search": "\na\n", "replace": "\nb\n"}, base=tip)
    assert content_of(repository, "/beside.py") == raw[:-2] + b"b\n"


def test_a_large_file_is_refused(refused, push, base, repository):
    tip = push("Platform", "docs", {"/large.txt": b"x\n" * (2**20 + 1)}, "work")
    said = refused(InvalidRequest, {"path": "/large.txt", "search": "x", "replace": "y"}, base=tip)
    assert "larger than 2 MB" in said


# -- secrets, mentions and links -----------------------------------------------------------------------------------


def test_a_secret_elsewhere_in_the_file_stays_and_is_not_shown(connect, repository, base):
    shown = []
    with approve_writes_with(lambda request: shown.append(request) or request.approve("dana")):
        change = {"path": "/settings.py", "search": "port = 1", "replace": "port = 2"}
        call(connect(), "push_changes", **DOCS, base=base, changes=[change])
    assert content_of(repository, "/settings.py") == FILES["/settings.py"][1].replace(b"port = 1", b"port = 2")
    assert SECRET not in str(shown[0])
    assert "+port = 2" in shown[0].current["changes_1"]
    assert 'token = "[secret:' in shown[0].current["changes_1"]


@pytest.mark.parametrize(
    ("change", "marked"),
    [
        ({"path": "/azure-pipelines.yml", "content": "steps: []\n"}, True),
        ({"path": "/deploy/Azure-Pipelines.release.YAML", "content": "a: b\n"}, True),
        ({"path": "/.azure-pipelines/steps/build.yml", "content": "a: b\n"}, True),
        ({"path": "/pipelines/lint.yaml", "content": "a: b\n"}, True),
        ({"path": "/README.md", "new_path": "/azure-pipelines.yml"}, True),
        ({"path": "/docs/azure-pipelines.md", "content": "How we build.\n"}, False),
        ({"path": "/pipelines.yml/notes", "content": "a\n"}, False),
        ({"path": "/settings.yml", "content": "a: b\n"}, False),
    ],
)
def test_the_approver_sees_that_pipelines_may_run_a_file(connect, base, change, marked):
    shown = []
    with approve_writes_with(lambda request: shown.append(request) or request.approve("dana")):
        made = call(connect(), "push_changes", **DOCS, base=base, changes=[change])
    title = shown[0].current["changes_1"].partition("\n")[0]
    assert title == made.files[0] + " (pipelines may run what this file says)" * marked


def test_no_search_and_no_diff_tells_what_a_secret_is(refused):
    for part in (SECRET[:6], SECRET[4:9], f'"{SECRET[:5]}'):
        assert "is not in it" in refused(InvalidRequest, {"path": "/settings.py", "search": part, "replace": ""})
    said = refused(InvalidRequest, {"path": "/key.txt", "diff": f"@@ -2,1 +2,1 @@\n-{SECRET[:9]}\n+x\n"})
    assert "Around line 2 stands:\n1: one\n2: [secret:" in said
    assert SECRET[4:12] not in said


def test_a_pseudonym_is_never_written_and_nothing_is_found_by_it(platform_client, refused, base):
    read = message_of(platform_client, "read_repository_file", repository="docs", path="/settings.py", version="work")
    name = read[read.index("[secret:") : read.index("]", read.index("[secret:")) + 1]
    for change in (
        {"path": "/new.py", "content": f'token = "{name}"'},
        {"path": "/settings.py", "search": name, "replace": "x"},
        {"path": "/settings.py", "search": "port", "replace": name},
        {"path": "/settings.py", "diff": f'@@ -2,1 +2,1 @@\n-token = "{name}"\n+token = ""\n'},
    ):
        assert "stands for a secret" in refused(WriteBlocked, change)


@pytest.mark.parametrize("text", [SECRET, "see https://evil.example/x", "![x](//evil.example/y)", "##vso[task.x]"])
@pytest.mark.parametrize("name", ["content", "replace", "diff"])
def test_what_no_write_may_contain_is_in_no_file_either(refused, name, text):
    change = {
        "content": {"path": "/new.md", "content": text},
        "replace": {"path": "/README.md", "search": "docs", "replace": text},
        "diff": {"path": "/README.md", "diff": f"@@ -1,1 +1,1 @@\n-# docs\n+{text}\n"},
    }[name]
    refused(WriteBlocked, change)


READS_A_TABLE = "def read(x, a):\n    if x[a]:\n        try: f[a](key:c)\n        finally: pass\n"


def test_a_link_in_markdown_is_code_in_a_source(push_files, repository):
    indexed = {"path": "/README.md", "search": "docs", "replace": "x[a]:\n  try:"}
    push_files({"path": "/src/read.py", "content": READS_A_TABLE}, indexed)
    assert content_of(repository, "/src/read.py").decode() == READS_A_TABLE
    assert content_of(repository, "/README.md").startswith(b"# x[a]:\n  try:\n")


def test_a_link_in_markdown_is_refused_where_a_page_renders_it(refused):
    assert "a key: link" in refused(WriteBlocked, {"path": "/read.md", "content": READS_A_TABLE})
    assert "pages render" in refused(WriteBlocked, {"path": "/src/app.py", "new_path": "/app.md"})


def test_an_at_sign_is_code_in_a_file_and_a_mention_in_a_message(push_files, refused, repository):
    push_files({"path": "/src/app.py", "search": "@cache\ndef one", "replace": "@lru_cache\n@other.thing\ndef one"})
    assert b"@other.thing" in content_of(repository, "/src/app.py")


def test_a_mention_in_the_message_is_refused(refused):
    said = refused(WriteBlocked, {"path": "/n.md", "content": ""}, message="For @everyone")
    assert "mention" in said


# -- who approves, and who was faster ------------------------------------------------------------------------------


def test_the_approver_sees_the_difference_of_each_file_and_what_the_branch_is_needed_for(
    connect, platform_client, base
):
    opened = call(platform_client, "create_pull_request", repository="docs", source="work", target="main", title="Work")
    shown = []
    with approve_writes_with(lambda request: shown.append(request) or request.reject("dana")):
        changes = [
            {"path": "/windows.ini", "search": "a=2", "replace": "a=3"},
            {"path": "/README.md", "delete": True},
            {"path": "/picture.png", "delete": True},
            {"path": "/no-end.txt", "new_path": "/end.txt"},
        ]
        with pytest.raises(WriteBlocked):
            call(connect(), "push_changes", **DOCS, base=base, changes=changes)
    now = shown[0].current
    assert now["open_pull_requests"] == [f"{opened.id}: Work (from work to main)"]
    assert now["default_branch"] == "no"
    assert "policies_passed_over" not in now
    assert (now["base_message"], now["base_author"]) == ("Begin", "Dana Ortiz")
    assert now["changes_1"] == "edit /windows.ini\n@@ -1,4 +1,4 @@\n [one]\n a=1\n [two]\n-a=2\n+a=3"
    assert now["changes_2"].startswith("delete /README.md\n@@ -1,4 +0,0 @@\n-# docs")
    assert now["changes_3"] == "delete /picture.png: binary"
    assert now["changes_4"] == "rename /no-end.txt to /end.txt"


def test_the_approver_sees_that_a_push_goes_to_the_default_branch(connect, repository):
    shown, change = [], {"path": "/new.md", "content": "x"}
    given = {**DOCS, "branch": "main", "base": repository.branch("main"), "changes": [change]}
    with approve_writes_with(lambda request: shown.append(request.current) or request.reject("dana")):
        refusal(connect(), "push_changes", WriteBlocked, **given)
    assert shown[0]["default_branch"] == "yes"


def test_nobody_is_asked_about_a_push_that_the_branch_refuses(connect, push, repository, base):
    change = {"path": "/README.md", "search": "docs", "replace": "handbook"}
    given = {**DOCS, "base": base, "changes": [change]}
    tip = push("Platform", "docs", {"/README.md": b"# other\n"}, "work")
    with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
        said = refusal(connect(), "push_changes", Conflict, **given)
        assert f"Nothing was pushed: branch 'work' is at {tip} by now, not at {base}. svc-agent pushed at" in said
        assert "They change /README.md, too." in said
        said = refusal(connect(), "push_changes", NotFound, **{**given, "branch": "wrok"})
        assert "Did you mean 'work'?" in said
        said = refusal(connect(), "push_changes", AlreadyExists, **given, new_branch=True)
        assert f"branch 'work' exists already, at {tip}" in said


def test_a_branch_that_moves_after_the_question_is_not_pushed_to_and_nobody_is_asked_again(
    connect, push, repository, base
):
    asked, change = [], {"path": "/README.md", "search": "docs", "replace": "handbook"}

    def person(request):
        asked.append(request)
        push("Platform", "docs", {"/README.md": b"# other\n"}, "work")
        return request.approve("dana")

    with approve_writes_with(person):
        said = refusal(connect(), "push_changes", Conflict, **DOCS, base=base, changes=[change])
    assert f"Nothing was pushed: branch 'work' is at {repository.branch('work')} by now, not at {base}." in said
    assert len(asked) == 1


@pytest.mark.parametrize("path", ["/README.md", "/elsewhere.md"])
def test_a_push_on_a_moved_base_says_who_moved_it_with_what(refused, push, repository, base, path):
    tip = push("Platform", "docs", {path: b"# other\n"}, "work")
    said = refused(Conflict, {"path": "/README.md", "search": "docs", "replace": "handbook"})
    assert f"is at {tip} by now, not at {base}" in said
    assert "svc-agent pushed at" in said
    assert f"{tip[:8]} 'Change by test'" in said
    assert ("They change /README.md, too." in said) is (path == "/README.md")


def test_of_two_pushes_at_once_one_wins_and_the_other_says_who_was_faster(organization, connect, repository, base):
    change = {"path": "/README.md", "search": "docs", "replace": "handbook"}
    organization.faults.add(Fault("delay", "POST", "/pushes", when="before", delay=0.5, times=1))

    async def push_one(client, replace):
        try:
            given = {**DOCS, "base": base, "changes": [{**change, "replace": replace}]}
            return await TOOLS["push_changes"](client, **given)
        except AzureDevOpsError as error:
            return error

    async def race():
        return await asyncio.gather(*(push_one(connect(writes="allow"), new) for new in ("handbook", "manual")))

    results = asyncio.run(race())
    [won] = [each for each in results if not isinstance(each, AzureDevOpsError)]
    [lost] = [each for each in results if isinstance(each, AzureDevOpsError)]
    assert type(lost) is Conflict
    assert won.commit in lost.message
    assert "They change /README.md, too." in lost.message
    assert repository.refs["refs/heads/work"] == won.commit


@pytest.fixture
def policies(organization, repository):
    """Protects branches of the repository by a policy for a scope; returns all policies of the project."""

    def protect(**more):
        scope = {"repositoryId": repository.id, **more}
        someone, now = organization.named("Dana Ortiz"), organization.clock.now()
        number = len(repository.project.policies) + 9
        repository.project.policies[number] = Policy(number, COMMENTS, {"scope": [scope]}, someone, now)
        return repository.project.policies

    return protect


REFUSED = {"path": "/README.md", "search": "docs", "replace": "handbook"}


@pytest.mark.parametrize("way", ["allow", "ask"])
@pytest.mark.parametrize(
    "scope",
    [
        {"refName": "refs/heads/work", "matchKind": "exact"},
        {"refName": "refs/heads/wo", "matchKind": "prefix"},
        {"repositoryId": None, "refName": "refs/heads/work", "matchKind": "exact"},
    ],
    ids=str,
)
def test_a_policy_asks_for_a_pull_request_and_nobody_is_asked(
    connect, server, sent, repository, base, policies, scope, way
):
    policies(**scope)
    client = connect(writes=way, transport=Recorder(server.base_url, sent))
    with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
        said = refusal(client, "push_changes", RefusedByPolicy, **DOCS, base=base, changes=[REFUSED])
    assert "a direct push to branch 'work' is blocked by policy 9 (Comment requirements)." in said
    assert "open a pull request" in said
    assert "only a constructor with allow_policy_bypass=True allows that" in said
    assert writes(sent) == []
    assert repository.refs["refs/heads/work"] == base


def test_policies_that_are_off_optional_or_of_other_branches_keep_nobody(push_files, policies):
    policies(refName="refs/heads/main", matchKind="exact")
    policies(refName="refs/heads/work", matchKind="exact")[10].enabled = False
    policies(refName="refs/heads/work", matchKind="exact")[11].blocking = False
    assert push_files(REFUSED).notes == []


def test_policies_that_cannot_be_read_keep_everybody(platform_client, organization, repository, base):
    organization.faults.add(Fault("status", path="/policy/configurations", status=403))
    refusal(platform_client, "push_changes", PermissionDenied, **DOCS, base=base, changes=[REFUSED])
    assert repository.refs["refs/heads/work"] == base


def test_with_the_option_the_approver_sees_the_policies_and_the_result_names_them(
    connect, server, repository, base, policies
):
    held = policies(refName="refs/heads/work", matchKind="exact")
    client, shown = connect(transport=Exempt(server.base_url, held), allow_policy_bypass=True), []
    with approve_writes_with(lambda request: shown.append(request.current) or request.approve("dana")):
        made = call(client, "push_changes", **DOCS, base=base, changes=[REFUSED])
    assert shown[0]["policies_passed_over"] == ["9 (Comment requirements): all comments are resolved"]
    assert made.notes == ["It passed over policy 9, by which only pull requests change the branch."]
    assert repository.refs["refs/heads/work"] == made.commit


def test_with_the_option_the_service_still_keeps_an_account_that_may_not_bypass(connect, repository, base, policies):
    policies(refName="refs/heads/work", matchKind="exact")
    client = connect(writes="allow", allow_policy_bypass=True)
    said = refusal(client, "push_changes", RefusedByPolicy, **DOCS, base=base, changes=[REFUSED])
    assert "TF402455" in said
    assert repository.refs["refs/heads/work"] == base


def test_a_missing_permission_is_denied(platform_client, organization, repository, base):
    organization.deny(organization.tokens[FULL].user, "GenericContribute", repository.project, "docs/refs/heads/work")
    change = {"path": "/README.md", "search": "docs", "replace": "handbook"}
    said = refusal(platform_client, "push_changes", PermissionDenied, **DOCS, base=base, changes=[change])
    assert "GenericContribute" in said


# -- lost answers --------------------------------------------------------------------------------------------------

CHANGES = [
    {"path": "/README.md", "search": "docs", "replace": "handbook"},
    {"path": "/new.md", "content": "new\n"},
    {"path": "/run.sh", "new_path": "/bin/run.sh", "search": "make all", "replace": "make most"},
    {"path": "/no-end.txt", "delete": True},
    {"path": "/windows.ini", "new_path": "/conf/windows.ini"},
]


def test_a_push_whose_answer_was_lost_is_found_by_its_files(platform_client, organization, repository, base):
    organization.faults.add(Fault("reset", "POST", "/pushes", when="after", times=1))
    made = call(platform_client, "push_changes", **DOCS, base=base, changes=CHANGES)
    assert made.commit == repository.refs["refs/heads/work"]
    assert "looked up and found as asked" in made.notes[0]
    assert made.push == repository.pushes[-1].id


class Interrupted(Recorder):
    """The network, on which somebody else is faster: the first push is lost, and another one arrives instead."""

    meanwhile = None

    async def handle_async_request(self, request):
        if request.method == "POST" and self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await asyncio.to_thread(happens)
            raise httpx.ReadError("lost")
        return await super().handle_async_request(request)


def test_a_push_of_something_else_by_this_account_is_not_taken_for_it(push, server, organization, repository, base):
    network = Interrupted(server.base_url, [])
    network.meanwhile = lambda: push("Platform", "docs", {"/README.md": b"# handbook\n"}, "work")
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    context = RunContext(organization.clock.now, timeouts=Timeouts(recovery=0.02, recovery_pause=0.01))
    with AzureDevOps(settings, context=context, writes="allow", transport=network) as client:
        with pytest.raises(WriteOutcomeUnknown) as caught:
            call(client, "push_changes", **DOCS, base=base, changes=CHANGES)
    assert f"This account made push {repository.pushes[-1].id} since then, with something else" in caught.value.message
    assert caught.value.url.endswith("/Platform/_git/docs/pushes")


# -- any files, any edits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_what_git_clones_is_what_was_asked(platform_client, base, clone, push, seed):
    choose = random.Random(seed)  # noqa: S311 - the same in every run
    before = {f"/f{number}.txt": _text(choose) for number in range(8)}
    tip = push("Platform", "docs", {path: text.encode() for path, text in before.items()}, "work")
    expected = {path: raw.decode("latin-1") for path, (_, raw) in FILES.items()}
    changes = [{"path": "/added.txt", "content": "green\r\nend"}]
    expected["/added.txt"] = "green\r\nend"
    for number, (path, text) in enumerate(before.items()):
        change, new_path, want = _change(choose, path, text, number % 4)
        changes.append(change)
        if new_path:
            expected[new_path] = want
    call(platform_client, "push_changes", **DOCS, base=tip, changes=changes)
    _, folder, git = clone()
    there = {f"/{name}" for name in git("ls-files", "-z", into="work").stdout.split("\0") if name}
    assert there == set(expected)
    for path, want in expected.items():
        assert (folder / path[1:]).read_bytes().decode("latin-1") == want, path


def _text(choose):
    words = ["alpha", "beta", "", "    x = 1", "@mark", "\ttab", "end "]
    lines = [f"{choose.choice(words)}{choose.choice(['', number])}" for number in range(choose.randint(1, 30))]
    rows = [line + choose.choice(["\n", "\n", "\r\n"]) for line in lines]
    if choose.random() < 0.3:
        rows[-1] = "the end"
    return "".join(rows)


def _change(choose, path, text, kind):
    """A change of a file, where it is then, and its text, of which each kept line has kept its end."""
    if kind == 0:
        return {"path": path, "delete": True}, None, ""
    if kind == 1:
        return {"path": path, "new_path": f"/renamed{path}"}, f"/renamed{path}", text
    rows = text.splitlines(keepends=True)
    at = choose.randrange(len(rows))
    end = "\r\n" if rows[at].endswith("\r\n") else "\n" if rows[at].endswith("\n") else ""
    before = rows[at - 1][len(rows[at - 1].rstrip("\r\n")) :] if at else "\n"
    want = "".join([*rows[:at], f"new one{end or before}", f"new two{end}", *rows[at + 1 :]])
    if kind == 2:
        sides = [[row.rstrip("\r\n") for row in each.splitlines()] for each in (text, want)]
        diff = "\n".join(difflib.unified_diff(*sides, lineterm="", n=3))
        return {"path": path, "diff": diff}, path, want
    # A search for all lines before this one, too, so that it occurs once.
    search = "".join(rows[: at + 1]).replace("\r\n", "\n")
    new = "".join([*rows[:at], f"new one\nnew two{end}"]).replace("\r\n", "\n")
    return {"path": path, "search": search, "replace": new, "new_path": f"/moved{path}"}, f"/moved{path}", want
