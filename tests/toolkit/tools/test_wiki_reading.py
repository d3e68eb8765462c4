"""Reading wikis: lists, pages, changes and the search."""

import pytest
from tool_calls import call, message_of, refusal, text_of

from azure_devops_simulator import Fault, build_organization
from azure_devops_simulator.seed.content import carrier_token
from langchain_azure_devops.errors import InvalidRequest, NotFound
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
    assert (none.items, none.notes) == ([], ["'/Home' has no pages below it."])


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
    assert "is no page any more" in page.notes[0]


def test_without_the_scope_for_code_the_page_is_read_and_the_gap_is_named(connect, organization):
    organization.add_token("wiki-only", ["vso.wiki", "vso.project"])
    client = connect("wiki-only")
    page = call(client, "read_wiki_page", **WIKI, path=ROTA)
    assert (page.changed_by, page.partial) == (None, True)
    assert "last change not read: needs vso.code" in page.notes
    assert page.text.startswith("# Rota runbook")
    changes = call(client, "list_wiki_page_changes", **WIKI, path=ROTA)
    assert (changes.items, changes.partial) == ([], True)
    assert changes.failed[0].reason == "needs vso.code"


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
    nothing = call(platform_client, "search_wiki", text="ninutes")
    assert (nothing.items, nothing.partial) == ([], False)
    assert nothing.notes == [
        "The index of the search service found nothing.",
        "Instead, 7 of 7 pages were read for all of the words, in Platform/Platform.wiki.",
    ]
    part = call(platform_client, "search_wiki", text="inutes twent")
    assert [hit.path for hit in part.items] == ["/Deployments"]
    organization.faults.add(Fault("status", path="wikisearchresults", status=404))
    page = call(platform_client, "search_wiki", text="rota")
    assert [hit.path for hit in page.items] == ["/On-call", ROTA]
    assert page.notes[0].startswith("The search service did not answer: ")


def test_the_texts_are_read_within_a_bound(platform_client, organization):
    wiki = build_organization(organization).project("Platform").wiki()
    for number in range(60):
        wiki.add_page(f"/Many {number}", "x")
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
