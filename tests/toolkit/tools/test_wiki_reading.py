"""Reading wikis: lists, pages, changes and the search."""

import re
from itertools import combinations

import httpx
import pytest
from tool_calls import Recorder, call, message_of, refusal, text_of

from azure_devops_simulator import Fault, build_organization
from azure_devops_simulator.seed.content import carrier_token
from langchain_azure_devops.errors import InvalidRequest, NotFound, ScopeMissing
from langchain_azure_devops.tools.wiki.expressions import Expression
from langchain_azure_devops.tools.wiki.names import file_of, page_of, version_of

WIKI = {"wiki": "Platform.wiki"}
ROTA = "/On-call/Rota runbook"


def test_wikis_are_listed_in_one_project_or_in_all(platform_reader, platform_client, organization):
    [row] = call(platform_reader, "list_wikis").items
    assert (row.name, row.type, row.branches, row.folder) == ("Platform.wiki", "projectWiki", ["wikiMaster"], "/")
    world = build_organization(organization)
    world.project("Payments").add_wiki("cash", repository=world.project("Payments").repository("ledger"))
    rows = call(platform_client, "list_wikis", project="*").items
    assert sorted((row.project, row.name) for row in rows) == [("Payments", "cash"), ("Platform", "Platform.wiki")]
    assert call(platform_client, "list_wikis", project="Data").items == []


def test_pages_are_listed_below_a_path_and_down_to_a_depth(platform_reader):
    every = [row.path for row in call(platform_reader, "list_wiki_pages", **WIKI).items]
    assert every[:3] == ["/Home", "/On-call", ROTA]
    top = call(platform_reader, "list_wiki_pages", **WIKI, depth=1).items
    assert [(row.path, row.has_pages) for row in top] == [
        ("/Home", False), ("/On-call", True), ("/Label printers", False), ("/Deployments", True),
    ]  # fmt: skip
    below = call(platform_reader, "list_wiki_pages", **WIKI, path="On-call")
    assert [row.path for row in below.items] == [ROTA, "/On-call/Escalation contacts"]
    none = call(platform_reader, "list_wiki_pages", **WIKI, path="/Home")
    assert (none.items, none.notes) == ([], ["The wiki is 'Platform.wiki'.", "'/Home' has no pages below it."])


def test_a_page_has_its_version_its_last_change_and_numbered_lines(platform_reader):
    page = call(platform_reader, "read_wiki_page", **WIKI, path=ROTA)
    assert (page.changed_by, f"{page.changed:%Y-%m-%d %H:%M}") == (
        "Tom Becker <tom.becker@tidewater.example>", "2026-11-17 15:30",
    )  # fmt: skip
    assert page.version == version_of(page.text + "\n")
    assert (page.first_line, page.total_lines, page.text.split("\n")[0]) == (1, 12, "# Rota runbook")
    part = call(platform_reader, "read_wiki_page", **WIKI, id=page.id, first_line=8, last_line=10)
    assert (part.path, part.first_line, part.text.split("\n")[0]) == (ROTA, 8, "## Swapping a week")
    above = call(platform_reader, "read_wiki_page", **WIKI, path="/On-call")
    assert above.pages_below == [ROTA, "/On-call/Escalation contacts"]
    beyond = call(platform_reader, "read_wiki_page", **WIKI, path=ROTA, first_line=50)
    assert (beyond.text, beyond.notes) == ("", ["There is no line 50: the page ends with line 12."])


def test_what_outsiders_wrote_is_fenced_and_its_secrets_are_replaced(platform_reader):
    told = message_of(platform_reader, "read_wiki_page", **WIKI, path="/Deployments/Carrier sandbox")
    assert carrier_token() not in told
    assert "api_token: [secret:" in told
    assert told.index("<untrusted") < told.index("# Carrier sandbox") < told.index("</untrusted")
    found = call(platform_reader, "search_wiki", text="sandbox northline")
    assert carrier_token()[:10] not in str(found)


def test_a_nul_does_not_hide_a_page(platform_client, organization):
    build_organization(organization).project("Platform").wiki().add_page("/Odd", "one\0\ntwo")
    assert call(platform_client, "read_wiki_page", **WIKI, path="/Odd").text == "one\ufffd\ntwo"


def test_a_part_of_a_secret_is_not_found(platform_reader):
    assert call(platform_reader, "search_wiki", text=carrier_token()[:12]).items == []
    [hit] = call(platform_reader, "search_wiki", text="api_token").items
    assert "[secret:" in hit.lines[0].text


def test_what_is_not_there_is_told_apart_with_near_names(platform_reader):
    told = refusal(platform_reader, "read_wiki_page", NotFound, wiki="Platfrom.wiki", path="/Home")
    assert "There is no wiki 'Platfrom.wiki'" in told
    assert "Did you mean 'Platform.wiki'?" in told
    told = refusal(platform_reader, "read_wiki_page", NotFound, **WIKI, path="/On-call/Rota runbok")
    assert "has no page '/On-call/Rota runbok'. Did you mean '/On-call/Rota runbook'?" in told
    told = refusal(platform_reader, "read_wiki_page", NotFound, **WIKI, path="/On%2Dcall/Rota-runbook.md")
    assert "Did you mean '/On-call/Rota runbook'?" in told
    assert "no page with the id 99" in refusal(platform_reader, "read_wiki_page", NotFound, **WIKI, id=99)
    refusal(platform_reader, "read_wiki_page", InvalidRequest, **WIKI)
    refusal(platform_reader, "read_wiki_page", InvalidRequest, **WIKI, path="/Home", id=1)
    assert "list_wikis" in refusal(platform_reader, "list_wiki_pages", InvalidRequest, wiki=" ")


def test_changes_say_who_changed_a_page_when(platform_reader):
    rows = call(platform_reader, "list_wiki_page_changes", **WIKI, path=ROTA).items
    assert [(row.author, row.email) for row in rows] == [
        ("Tom Becker", "tom.becker@tidewater.example"),
        ("Dana Ortiz", "dana.ortiz@tidewater.example"),
    ]
    refusal(platform_reader, "list_wiki_page_changes", NotFound, **WIKI, path="/Nowhere")


def test_the_changes_of_a_deleted_page_are_kept(platform_client, organization):
    build_organization(organization).project("Platform").wiki().delete_page(ROTA)
    page = call(platform_client, "list_wiki_page_changes", **WIKI, path=ROTA)
    assert [row.author for row in page.items][1:] == ["Tom Becker", "Dana Ortiz"]
    assert page.notes[0] == f"{ROTA!r} is no page any more: commit {page.items[0].commit} deleted it."


def test_a_page_that_was_moved_says_where_it_is(platform_client, organization):
    build_organization(organization).project("Platform").wiki().move_page("/On-call", "/Deployments/Night shift")
    page = call(platform_client, "list_wiki_page_changes", **WIKI, path=ROTA)
    moved = "/Deployments/Night shift/Rota runbook"
    assert page.notes[0] == f"{ROTA!r} is no page any more: commit {page.items[0].commit} moved it to {moved!r}."


def test_a_file_that_never_was_a_page_was_not_lost(platform_client, organization):
    wiki = build_organization(organization).project("Platform").wiki()
    wiki.repository.commit("Add a template", {"/.template.md": "# Template"})
    told = refusal(platform_client, "list_wiki_page_changes", NotFound, **WIKI, path="/.template")
    assert "has no page '/.template'" in told


@pytest.mark.parametrize(("wiki", "part"), [("Platform.wiki", "/pages"), ("nix", "/_apis/wiki/wikis")])
@pytest.mark.parametrize("status", [500, 403])
def test_a_failing_look_for_a_near_name_does_not_hide_what_is_not_there(
    platform_client, organization, wiki, part, status
):
    organization.faults.add(Fault("status", path=part, skip=1, status=status))
    told = refusal(platform_client, "read_wiki_page", NotFound, wiki=wiki, path="/On-call/Nix")
    assert re.search("page ‘/On-call/Nix’ could not be found|Wiki not found", told)


def test_a_change_says_how_to_read_what_it_did(platform_reader):
    page = call(platform_reader, "list_wiki_page_changes", **WIKI, path=ROTA)
    note = next(note for note in page.notes if "get_commit" in note)
    given = dict(re.findall(r'(\w+)="([^"]*)"', note))
    told = text_of(platform_reader, "get_commit", **given, version=page.items[0].commit)
    assert "+| 23 November | Mina Sato | Dana Ortiz |" in told


def test_without_the_scope_for_code_the_page_is_read_and_the_gap_is_named(connect, organization):
    organization.add_token("wiki-only", ["vso.wiki", "vso.project"])
    client = connect("wiki-only")
    page = call(client, "read_wiki_page", **WIKI, path=ROTA)
    assert (page.changed_by, page.partial) == (None, True)
    assert "last change not read: needs vso.code" in page.notes
    assert page.text.startswith("# Rota runbook")


@pytest.mark.parametrize("path", [ROTA, "/Nix"])
def test_without_the_scope_for_code_no_change_and_no_loss_of_a_page_is_told(connect, organization, path):
    organization.add_token("wiki-only", ["vso.wiki", "vso.project"])
    build_organization(organization).project("Platform").wiki().add_page("/Nix").delete_page("/Nix")
    told = refusal(connect("wiki-only"), "list_wiki_page_changes", ScopeMissing, **WIKI, path=path)
    assert "lacks vso.code" in told


def test_a_repository_that_cannot_be_read_does_not_hide_the_page(platform_client, organization):
    organization.faults.add(Fault("status", path="/commits", status=403))
    page = call(platform_client, "read_wiki_page", **WIKI, path=ROTA)
    assert page.text.startswith("# Rota runbook")
    assert (page.partial, "The last change was not read" in page.notes[0]) == (True, True)


def test_the_search_shows_whole_lines_and_where_it_looked(platform_reader):
    page = call(platform_reader, "search_wiki", text="rota")
    assert [(hit.wiki, hit.path) for hit in page.items] == [("Platform.wiki", ROTA), ("Platform.wiki", "/On-call")]
    assert page.items[1].lines[0].line == 3
    assert 'project="*" looks everywhere' in text_of(platform_reader, "search_wiki", text="rota")
    assert "There is no wiki 'nope'" in refusal(platform_reader, "search_wiki", NotFound, text="rota", wiki="nope")
    refusal(platform_reader, "search_wiki", InvalidRequest, text="AND")


def test_a_silent_index_is_replaced_by_the_texts_of_the_pages(platform_client, organization):
    organization.faults.add(Fault("status", path="wikisearchresults", status=404))
    nothing = call(platform_client, "search_wiki", text="ninutes")
    assert (nothing.items, nothing.partial) == ([], False)
    assert nothing.notes[1:] == ["Instead, 7 of 7 pages were read, in Platform/Platform.wiki."]
    part = call(platform_client, "search_wiki", text="inutes twent")
    assert [hit.path for hit in part.items] == ["/Deployments"]
    page = call(platform_client, "search_wiki", text="rota")
    assert [hit.path for hit in page.items] == ["/On-call", ROTA]
    assert page.notes[0].startswith("The search service does not answer (")


class Index(Recorder):
    """A service whose index has nothing, with a code that says why."""

    def __init__(self, base_url, sent, code):
        super().__init__(base_url, sent)
        self.code = code

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/wikisearchresults"):
            return httpx.Response(200, json={"count": 0, "results": [], "infoCode": self.code})
        return await super().handle_async_request(request)


@pytest.mark.parametrize("code", [1, 2, 6, 9])
def test_an_incomplete_index_is_replaced_by_the_texts_of_the_pages(connect, server, sent, code):
    page = call(connect(transport=Index(server.base_url, sent, code)), "search_wiki", text="rota")
    assert ([hit.path for hit in page.items], page.partial) == (["/On-call", ROTA], True)
    assert "Instead, 7 of 7 pages were read, in Platform/Platform.wiki." in page.notes


@pytest.mark.parametrize("code", [0, 3, 4])
def test_an_index_that_found_nothing_is_believed(connect, server, sent, code):
    page = call(connect(transport=Index(server.base_url, sent, code)), "search_wiki", text="rota")
    assert page.items == []
    assert page.notes[0].startswith("The index of the search service found nothing.")
    assert not [request for request in sent if "/pages" in request.url.path]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("escalation OR printers", {"/Home", "/On-call/Escalation contacts", "/Label printers"}),
        ("rota NOT swapping", {"/On-call"}),
        ("(printers OR swapping) rota", {ROTA}),
        ("swapping AND printers", set()),
    ],
)
def test_operators_hold_without_the_index(platform_client, organization, text, paths):
    indexed = {hit.path for hit in call(platform_client, "search_wiki", text=text).items}
    organization.faults.add(Fault("status", path="wikisearchresults", status=404))
    page = call(platform_client, "search_wiki", text=text)
    assert {hit.path for hit in page.items} == paths == indexed | paths
    assert page.partial is False


def test_operators_that_do_not_fit_are_told(platform_client, organization):
    organization.faults.add(Fault("status", path="wikisearchresults", status=404))
    page = call(platform_client, "search_wiki", text="(rota OR")
    assert ({hit.path for hit in page.items}, page.partial) == ({"/On-call", ROTA}, True)
    assert "The operators do not fit together" in page.notes[1]


@pytest.mark.parametrize(
    ("text", "found", "words"),
    [
        ("a b OR c", {"ab", "c", "ac", "bc", "abc"}, "abc"),
        ("a OR b c", {"a", "ab", "ac", "bc", "abc"}, "abc"),
        ("(a OR b) c", {"ac", "bc", "abc"}, "abc"),
        ("a NOT b", {"a", "ac"}, "a"),
        ("NOT (a OR b) c", {"c"}, "c"),
        ("NOT a OR c", {"", "b", "c", "ac", "bc", "abc"}, "c"),
        ('"a" b* "" c', {"abc"}, "abc"),
        ("a NOT NOT b", {"ab", "abc"}, "a"),
    ],
)
def test_an_expression_finds_what_its_operators_say(text, found, words):
    pages = ["".join(page) for size in range(4) for page in combinations("abc", size)]
    wanted = Expression(text)
    assert {page for page in pages if wanted.matches(page.__contains__)} == found
    assert ("".join(wanted.words), wanted.fits) == (words, True)


@pytest.mark.parametrize("text", ["a b AND", "a OR OR b", "(a b", "a) b", "a () b", "OR a b"])
def test_an_expression_that_does_not_fit_asks_for_all_of_its_words(text):
    wanted = Expression(text)
    assert (wanted.words, wanted.fits) == (["a", "b"], False)
    assert [page for page in ("a", "b", "ab") if wanted.matches(page.__contains__)] == ["ab"]


def test_a_very_long_expression_is_read():
    assert Expression("a " * 20_000 + "NOT (" + "b OR " * 20_000 + "b)").matches(lambda word: word == "a")


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("before", [60, 3_000])
def test_a_long_line_is_shown_around_its_word(platform_client, organization, silent, before):
    token = f"password={carrier_token()}"
    text = f"{'before ' * before}{token} the needle {'after ' * 60}"
    build_organization(organization).project("Platform").wiki().add_page("/Long", text)
    if silent:
        organization.faults.add(Fault("status", path="wikisearchresults", status=404))
    [hit] = call(platform_client, "search_wiki", text="needle").items
    shown = hit.lines[0].text
    assert "the needle after" in shown
    assert (shown[0], shown[-1], len(shown)) == ("…", "…", 162)
    assert carrier_token()[-8:] not in shown


def test_a_code_wiki_of_several_branches_is_read_on_the_first(platform_client, organization, sent):
    project = build_organization(organization).project("Platform")
    repository = project.add_repository("notes", {"/Home.md": "# Home\n\nThe needle.\n"})
    wiki = project.add_wiki("notes", repository=repository)
    repository.add_branch("next")
    wiki.wiki.branches.append("next")
    sent.clear()
    page = call(platform_client, "read_wiki_page", wiki="notes", path="/Home")
    assert "This is the page on main; the wiki also publishes next." in page.notes
    call(platform_client, "list_wiki_pages", wiki="notes")
    call(platform_client, "list_wiki_page_changes", wiki="notes", path="/Home")
    call(platform_client, "search_wiki", wiki="notes", text="needle")
    organization.faults.add(Fault("status", path="wikisearchresults", status=404))
    call(platform_client, "search_wiki", wiki="notes", text="needle")
    refusal(platform_client, "read_wiki_page", NotFound, wiki="notes", path="/Nix")
    read = [request.url.params for request in sent if request.url.path.endswith("/pages")]
    assert len(read) >= 7
    assert {query["versionDescriptor.version"] for query in read} == {"main"}


def test_the_texts_are_read_within_a_bound(platform_client, organization):
    wiki = build_organization(organization).project("Platform").wiki()
    for number in range(60):
        wiki.add_page(f"/Many {number}", "x")
    organization.faults.add(Fault("status", path="wikisearchresults", status=404))
    page = call(platform_client, "search_wiki", text="nonesuch")
    assert (page.items, page.partial) == ([], True)
    assert "Instead, 60 of 67 pages were read" in page.notes[1]


def test_a_code_wiki_is_read_with_its_folder(platform_client, organization):
    project = build_organization(organization).project("Platform")
    project.add_wiki("handbook", repository=project.repository("docs"), folder="/docs")
    page = call(platform_client, "read_wiki_page", wiki="handbook", path="/runbooks/on-call".replace("-", " "))
    assert page.text.startswith("# On call")
    assert page.changed_by is not None
    folder = call(platform_client, "read_wiki_page", wiki="handbook", path="/runbooks")
    assert folder.notes == ["This is a folder without a text of its own."]
    hits = call(platform_client, "search_wiki", text="acknowledge", wiki="handbook").items
    assert [(hit.wiki, hit.path) for hit in hits] == [("handbook", "/runbooks/on call")]


@pytest.mark.parametrize(
    ("path", "file"),
    [("/Home", "/Home.md"), (ROTA, "/On%2Dcall/Rota-runbook.md"), ("/Who? <a|b>: *", "/Who%3F-%3Ca%7Cb%3E%3A-%2A.md")],
)
def test_titles_stand_encoded_in_the_names_of_files(path, file):
    assert (file_of("/", path), page_of("/", file)) == (file, path)
    assert (file_of("/docs", path), page_of("/docs", f"/docs{file}")) == (f"/docs{file}", path)
    assert page_of("/docs", f"/docs-old{file}").startswith("/docs old/")
