"""Creating, editing and moving wiki pages."""

import httpx
import pytest
from tool_calls import FULL, Recorder, call, refusal, writes

from azure_devops_simulator import Fault, build_organization
from langchain_azure_devops import TOOLS, Approval, AzureDevOps, approve_writes_with, load_settings
from langchain_azure_devops.errors import (
    AlreadyExists,
    InvalidRequest,
    NotFound,
    RefusedByPolicy,
    RevisionConflict,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.runtime import RunContext, Timeouts

WIKI = {"wiki": "Platform.wiki"}
PRINTERS = {**WIKI, "path": "/Label printers"}


@pytest.fixture
def wiki(organization):
    return build_organization(organization).project("Platform").wiki()


def version_now(client, path="/Label printers"):
    return call(client, "read_wiki_page", **WIKI, path=path).version


def test_a_page_is_created_with_exactly_its_text(platform_client, wiki):
    saved = call(platform_client, "create_wiki_page", **WIKI, path="On-call/Who is who?", content="# Us\r\n\nText")
    assert (saved.path, wiki.text("/On-call/Who is who?")) == ("/On-call/Who is who?", "# Us\r\n\nText")
    assert saved.version == version_now(platform_client, "/On-call/Who is who?")
    told = refusal(platform_client, "create_wiki_page", AlreadyExists, **WIKI, path="/On-call/who is who?", content="x")
    assert "has the page '/On-call/Who is who?'" in told
    told = refusal(platform_client, "create_wiki_page", NotFound, **WIKI, path="/A/B/C", content="x")
    assert "has no page '/A/B', below which '/A/B/C' would stand. Create '/A' first" in told
    for path in ("/", "/a//b", "/.a", "/a#b", "/a\\b"):
        refusal(platform_client, "create_wiki_page", InvalidRequest, **WIKI, path=path, content="x")


def test_edits_change_only_what_they_name(platform_client, wiki):
    wiki.edit_page("/Label printers", "One\r\nTwo\r\nOne and two\r\n")
    edits = [{"old": "Two", "new": "Deux"}, {"old": "One and", "new": "Un\net"}]
    call(platform_client, "update_wiki_page", **PRINTERS, version=version_now(platform_client), edits=edits)
    assert wiki.text("/Label printers") == "One\r\nDeux\r\nUn\r\net two\r\n"
    told = refusal(
        platform_client, "update_wiki_page", InvalidRequest, **PRINTERS, version=version_now(platform_client),
        edits=[{"old": "n", "new": "m"}],
    )  # fmt: skip
    assert "occurs twice" in told
    assert "times" not in told.replace("twice", "")


def test_the_whole_content_may_be_given_instead(platform_client, wiki):
    saved = call(
        platform_client, "update_wiki_page", **PRINTERS, version=f'"{version_now(platform_client)}"', content="New.\n"
    )
    assert (wiki.text("/Label printers"), saved.version) == ("New.\n", version_now(platform_client))


def test_an_equal_text_is_not_sent_and_another_in_blanks_is(platform_client, wiki, sent):
    text = wiki.text("/Label printers")
    same = call(platform_client, "update_wiki_page", **PRINTERS, version=version_now(platform_client), content=text)
    assert "has exactly this text" in same.notes[0]
    assert writes(sent) == []
    call(platform_client, "update_wiki_page", **PRINTERS, version=version_now(platform_client), content=f"{text} ")
    assert wiki.text("/Label printers") == f"{text} "


def test_an_old_version_is_answered_with_the_present_one(platform_client, wiki):
    old = version_now(platform_client)
    wiki.edit_page("/Label printers", "By Dana\n", author="Dana Ortiz")
    told = refusal(platform_client, "update_wiki_page", RevisionConflict, **PRINTERS, version=old, content="Mine")
    assert f"is at version {version_now(platform_client)} by now, not at {old}." in told
    assert "It was last changed by Dana Ortiz <dana.ortiz@tidewater.example>" in told
    assert wiki.text("/Label printers") == "By Dana\n"


def test_a_change_right_before_the_write_is_a_conflict(connect, server, wiki, sent):
    class Late(Recorder):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "PUT":
                assert request.headers["if-match"] == f'"{old}"'
                wiki.edit_page("/Label printers", "By Dana\n", author="Dana Ortiz")
            return await super().handle_async_request(request)

    client = connect(transport=Late(server.base_url, sent), writes="allow")
    old = version_now(client)
    told = refusal(client, "update_wiki_page", RevisionConflict, **PRINTERS, version=old, content="Mine")
    assert "last changed by Dana Ortiz" in told
    assert wiki.text("/Label printers") == "By Dana\n"


def test_the_approver_is_shown_the_difference_without_secrets(connect, wiki):
    asked = []

    def person(request):
        asked.append(request)
        return Approval(False, request.digest, "dana", "no")

    client, path = connect(), "/Deployments/Carrier sandbox"
    edits = [{"old": "more than 100 requests", "new": "any request"}]
    with approve_writes_with(person), pytest.raises(WriteBlocked):
        TOOLS["update_wiki_page"].call_sync(client, **WIKI, path=path, version=version_now(client, path), edits=edits)
    shown = asked[0].current
    assert "-Ask Mina Sato before you send more than 100 requests." in shown["difference"]
    assert "+Ask Mina Sato before you send any request." in shown["difference"]
    assert "api_token: [secret:" in shown["difference"]
    assert (shown["title"], shown["last_change"].split(" at ")[0]) == (
        "Carrier sandbox", "Tom Becker <tom.becker@tidewater.example>",
    )  # fmt: skip


def test_a_move_shows_and_takes_along_the_pages_below(connect, platform_client):
    asked = []

    def person(request):
        asked.append(request)
        return Approval(True, request.digest, "dana")

    given = {"path": "/On-call", "version": version_now(platform_client, "/On-call")}
    with approve_writes_with(person):
        moved = TOOLS["move_wiki_page"].call_sync(
            connect(), **WIKI, **given, new_path="/Deployments/Night shift", order=0
        )
    along = ["/Deployments/Night shift/Rota runbook", "/Deployments/Night shift/Escalation contacts"]
    assert asked[0].current["moves_along"] == [f"/On-call/{path.rpartition('/')[2]} -> {path}" for path in along]
    assert (moved.path, moved.order, moved.moved_along) == ("/Deployments/Night shift", 0, along)
    assert "Links in other pages still lead to the old paths." in moved.notes
    paths = [row.path for row in call(platform_client, "list_wiki_pages", **WIKI, path="/Deployments").items]
    assert paths == ["/Deployments/Night shift", *along, "/Deployments/Carrier sandbox"]


def test_a_move_within_its_folder_changes_the_order_only(platform_client):
    given = {**PRINTERS, "version": version_now(platform_client)}
    call(platform_client, "move_wiki_page", **given, new_path="/Label printers", order=0)
    assert call(platform_client, "list_wiki_pages", **WIKI, depth=1).items[0].path == "/Label printers"


def test_a_code_wiki_is_written_on_its_branch_unless_a_policy_holds(platform_client, organization, sent):
    project = build_organization(organization).project("Platform")
    repository = project.add_repository("notes", {"/docs/Home.md": "# Home\n"})
    wiki = project.add_wiki("notes", repository=repository, folder="/docs")
    version = call(platform_client, "create_wiki_page", wiki="notes", path="/To do", content="1. Write\n").version
    assert repository.repository.text("/docs/To-do.md") == "1. Write\n"
    call(platform_client, "move_wiki_page", wiki="notes", path="/To do", version=version, new_path="/Home/Done")
    assert wiki.text("/Home/Done") == "1. Write\n"
    assert all(request.url.params["versionDescriptor.version"] == "main" for request in writes(sent))
    repository.protect()
    refusal(platform_client, "create_wiki_page", RefusedByPolicy, wiki="notes", path="/More", content="x")


@pytest.mark.parametrize("tool", ["create_wiki_page", "update_wiki_page", "move_wiki_page"])
def test_a_lost_answer_is_settled_by_the_push_of_this_account(connect, organization, tool):
    client = connect(writes="allow")
    organization.faults.add(Fault("reset", method="POST" if "move" in tool else "PUT", when="after", times=1))
    done = call(client, tool, **TOOLS[tool].examples[0])
    assert "The answer to this write was lost." in done.notes[0]


def test_a_page_that_somebody_else_wrote_proves_nothing(organization, wiki, server, sent):
    class Lost(Recorder):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "PUT":
                wiki.add_page("/On-call/Handover", "# Handover\n", author="Tom Becker")
                raise httpx.ReadError("lost")
            return await super().handle_async_request(request)

    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    context = RunContext(organization.clock.now, timeouts=Timeouts(recovery=0.02, recovery_pause=0.01))
    lost = Lost(server.base_url, sent)
    with AzureDevOps(settings, context=context, transport=lost, writes="allow") as client:
        told = refusal(client, "create_wiki_page", WriteOutcomeUnknown, **TOOLS["create_wiki_page"].examples[0])
    assert "_wiki/wikis/Platform.wiki?pagePath=%2FOn-call%2FHandover" in told


def test_without_the_permission_nothing_is_written(platform_client, organization, wiki):
    agent, project = organization.named("svc-agent"), organization.project("Platform")
    organization.deny(agent, "GenericContribute", project)
    with pytest.raises(Exception, match="GenericContribute"):
        call(platform_client, "create_wiki_page", **TOOLS["create_wiki_page"].examples[0])
    assert "/On-call/Handover" not in wiki.wiki.page_ids


@pytest.fixture
def asked(connect):
    """What a person is shown of a write, who then refuses it."""

    def ask(name, **arguments):
        seen = []

        def refuse(request):
            seen.append(request.current)
            return request.reject("dana")

        with approve_writes_with(refuse), pytest.raises(WriteBlocked):
            call(connect(), name, **arguments)
        return seen[0]

    return ask


@pytest.mark.parametrize(
    "text",
    ["\n".join(f"line {number} of what was there" for number in range(3_000)), f"one\n{'long ' * 10_000}end\nlast"],
    ids=["many lines", "a long line"],
)
def test_everything_that_a_page_loses_is_shown(asked, connect, wiki, text):
    wiki.add_page("/Long", text)
    shown = asked("update_wiki_page", **WIKI, path="/Long", version=version_now(connect(), "/Long"), content="Short.")
    removed = [line[1:] for line in shown["difference"].split("\n") if line.startswith("-")]
    assert "\n".join(removed) == text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [("one\r\ntwo\r\n", "one\ntwo\n", "from CRLF to LF"), ("one\ntwo\n", "one\r\ntwo\r\n", "from LF to CRLF")],
)
def test_line_ends_that_change_are_told(asked, connect, wiki, old, new, told):
    wiki.add_page("/Ends", old)
    shown = asked("update_wiki_page", **WIKI, path="/Ends", version=version_now(connect(), "/Ends"), content=new)
    assert shown["difference"] == f"The line ends change {told}."


def test_a_secret_beside_a_change_is_not_shown_because_its_beginning_is_cut_off(asked, connect, wiki):
    body = [f"MIIEpAIBAAKCAQEA{number:02}{'qZx7Lm9Rw2Kb5Vn8' * 3}" for number in range(12)]
    key = ["-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----"]
    wiki.add_page("/Key", "\n".join([*key, "after", ""]))
    edits = [{"old": "after", "new": "behind"}]
    shown = asked("update_wiki_page", **WIKI, path="/Key", version=version_now(connect(), "/Key"), edits=edits)
    assert "+behind" in shown["difference"]
    assert "qZx7Lm9R" not in str(shown)


def test_every_page_that_moves_along_is_shown_and_compared(asked, connect, wiki):
    for number in range(130):
        wiki.add_page(f"/Label printers/Page {number}", "x")
    given = {**PRINTERS, "version": version_now(connect())}
    shown = asked("move_wiki_page", **given, new_path="/Printers")
    assert shown["moves_along"] == [
        f"/Label printers/Page {number} -> /Printers/Page {number}" for number in range(130)
    ]
    assert shown["links"] == "Links in other pages will still lead to the old paths."
    assert "links" not in asked("move_wiki_page", **given, new_path="/Label printers", order=0)


@pytest.mark.parametrize("way", ["another page moves away", "it moves by itself"])
def test_only_a_move_of_the_page_itself_proves_that_it_moved(organization, server, tls, sent, way):
    """A page also gets another place when another one beside it is moved, by the same account."""

    class Lost(Recorder):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "POST" and request.url.path.endswith("/pagemoves"):
                url = f"{server.base_url}/Platform/_apis/wiki/wikis/Platform.wiki/pagemoves"
                async with httpx.AsyncClient(auth=("", FULL), params={"api-version": "7.1"}, verify=tls) as http:
                    assert (await http.post(url, json=moves[way])).status_code == 201
                raise httpx.ReadError("lost")
            return await super().handle_async_request(request)

    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    context = RunContext(organization.clock.now, timeouts=Timeouts(recovery=0.02, recovery_pause=0.01))
    with AzureDevOps(settings, context=context, transport=Lost(server.base_url, sent), writes="allow") as client:
        pages = [row.path for row in call(client, "list_wiki_pages", **WIKI, depth=1).items if row.path.count("/") == 1]
        first, second, *_ = pages
        given = {**WIKI, "path": second, "version": version_now(client, second), "new_path": second, "order": 0}
        moves = {
            "another page moves away": {"path": first, "newPath": first, "newOrder": len(pages)},
            "it moves by itself": {"path": second, "newPath": second, "newOrder": 0},
        }
        if way == "it moves by itself":
            assert call(client, "move_wiki_page", **given).order == 0
        else:
            refusal(client, "move_wiki_page", WriteOutcomeUnknown, **given)
        assert call(client, "list_wiki_pages", **WIKI, depth=1).items[0].path == second


def test_a_page_that_changed_since_it_was_read_does_not_move(platform_client, wiki, sent):
    old = version_now(platform_client)
    wiki.edit_page("/Label printers", "By Dana\n", author="Dana Ortiz")
    told = refusal(platform_client, "move_wiki_page", RevisionConflict, **PRINTERS, version=old, new_path="/Printers")
    assert f"is at version {version_now(platform_client)} by now, not at {old}." in told
    assert "It was last changed by Dana Ortiz <dana.ortiz@tidewater.example>" in told
    assert writes(sent) == []


def test_a_change_after_the_approval_stops_a_move(connect, wiki, sent):
    client = connect()

    def person(request):
        wiki.edit_page("/Label printers", "By Dana\n", author="Dana Ortiz")
        return Approval(True, request.digest, "dana")

    given = {**PRINTERS, "version": version_now(client), "new_path": "/Printers"}
    with approve_writes_with(person), pytest.raises(RevisionConflict, match="Nothing was written"):
        TOOLS["move_wiki_page"].call_sync(client, **given)
    assert writes(sent) == []


@pytest.mark.parametrize("path", ["/Label printers", "/On-call"])
def test_the_letter_case_of_a_title_can_be_changed(platform_client, path):
    given = {**WIKI, "path": path, "version": version_now(platform_client, path)}
    moved = call(platform_client, "move_wiki_page", **given, new_path=path.upper())
    assert moved.path == path.upper()
    paths = [row.path for row in call(platform_client, "list_wiki_pages", **WIKI, depth=1).items]
    assert (path.upper() in paths, path in paths) == (True, False)


@pytest.mark.parametrize(
    ("new_path", "last"), [("/Label printers", 3), ("/Deployments/Printers", 1), ("/Home/Printers", 0)]
)
def test_a_page_takes_the_last_place_but_none_behind_it(platform_client, sent, new_path, last):
    given = {**PRINTERS, "version": version_now(platform_client), "new_path": new_path}
    told = refusal(platform_client, "move_wiki_page", InvalidRequest, **given, order=last + 1)
    assert f"where the last one is {last}" in told
    assert writes(sent) == []
    assert call(platform_client, "move_wiki_page", **given, order=last).order == last


def test_no_write_reads_the_whole_tree_of_a_wiki(platform_client, sent):
    call(platform_client, "create_wiki_page", **TOOLS["create_wiki_page"].examples[0])
    given = {**PRINTERS, "version": version_now(platform_client), "new_path": "/Deployments/Printers"}
    call(platform_client, "move_wiki_page", **given)
    read = [dict(request.url.params) for request in sent if request.url.path.endswith("/pages")]
    full = [query["path"] for query in read if query.get("recursionLevel") == "full"]
    assert full == ["/Label printers"]
