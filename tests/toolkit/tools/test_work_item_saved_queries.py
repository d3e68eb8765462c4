"""Saved queries: the tree of folders, and the rows of flat, tree and one-hop queries."""

from datetime import timedelta
from typing import Any

import pytest
from tool_calls import call, refusal, shown

from azure_devops_simulator import Fault, Organization
from azure_devops_simulator.state.work_items.queries import SHARED, SavedQuery
from langchain_azure_devops import AzureDevOps
from langchain_azure_devops.errors import Denied, InvalidRequest, NotFound

FLAT = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project ORDER BY [System.Id]"


def add(organization: Organization, path: str, wiql: str | None = FLAT) -> str:
    """Add a shared query to Platform, or a folder when it has no text; its folder has to be there. Returns the id."""
    project, user = organization.project("Platform"), organization.named("Priya Raman")
    assert project is not None
    store = organization.work_items.queries
    folder = store.root(project, user, SHARED)
    *above, name = path.split("/")
    for part in above:
        folder = next(each for each in store.children(folder) if each.name == part)
    number, when = organization.new_guid(), organization.clock.tick()
    store.items[number] = SavedQuery(number, name, project, folder.id, "", wiql, user.id, when, user.id, when)
    return number


def run(client: AzureDevOps, query: str, **arguments: Any) -> Any:
    return call(client, "run_saved_query", query=query, **arguments)


def test_queries_and_folders_are_listed_with_their_kinds(platform_reader: AzureDevOps) -> None:
    page = call(platform_reader, "list_saved_queries")
    kinds = {row.path: row.kind for row in page.items}
    assert kinds["Shared Queries/Open bugs"] == "flat"
    assert kinds["Shared Queries/Planning"] == "folder"
    assert kinds["Shared Queries/Planning/Features and their work"] == "tree"
    assert kinds["Shared Queries/Planning/Related items"] == "one hop"
    assert {row.changed_by for row in page.items if row.kind == "tree"} == {
        "Priya Raman <priya.raman@tidewater.example>"
    }


def test_what_a_depth_leaves_out_is_said(platform_reader: AzureDevOps) -> None:
    page = call(platform_reader, "list_saved_queries", depth=1)
    assert [row.path for row in page.items if row.more] == ["Shared Queries/Planning"]
    assert "larger depth" in page.notes[0]
    assert not any(row.more for row in call(platform_reader, "list_saved_queries", depth=2).items)


def test_folders_deeper_than_one_answer_are_read(platform_client: AzureDevOps, organization: Organization) -> None:
    path = "Planning"
    for name in ("A", "B", "C"):
        path = f"{path}/{name}"
        add(organization, path, None)
    add(organization, f"{path}/Deep")
    listed = {row.path for row in call(platform_client, "list_saved_queries", depth=6).items}
    assert f"Shared Queries/{path}/Deep" in listed
    page = call(platform_client, "list_saved_queries", depth=4)
    assert [row.path for row in page.items if row.more] == ["Shared Queries/Planning/A/B/C"]


def test_one_folder_is_listed_alone(platform_reader: AzureDevOps) -> None:
    page = call(platform_reader, "list_saved_queries", folder="shared queries\\planning")
    assert {row.path.rsplit("/", 1)[0] for row in page.items} == {"Shared Queries/Planning"}
    assert len(page.items) == 3
    told = refusal(platform_reader, "list_saved_queries", NotFound, folder="Shared Queries/Plannin")
    assert "Did you mean 'Shared Queries/Planning'?" in told


def test_a_folder_that_cannot_be_read_is_named(platform_client: AzureDevOps, organization: Organization) -> None:
    deep = add(organization, "Planning/A", None)
    add(organization, "Planning/A/Inside")
    organization.faults.add(Fault(kind="status", status=403, path=f"/queries/{deep}"))
    page = call(platform_client, "list_saved_queries", depth=4)
    assert page.partial
    assert [each.place for each in page.failed] == ["Shared Queries/Planning/A"]
    assert "Shared Queries/Open bugs" in {row.path for row in page.items}


def test_a_flat_query_shows_its_columns(platform_reader: AzureDevOps) -> None:
    page = run(platform_reader, "Shared Queries/Open bugs")
    assert [row.id for row in page.items][:2] == [4, 27]
    assert page.items[0].more[0].name == "Microsoft.VSTS.Common.Severity"
    assert page.items[0].more[0].value == "2 - High"
    assert page.items[0].level is None
    assert "in a saved query of Platform" in shown(page)


def test_a_tree_shows_level_and_parent(platform_reader: AzureDevOps) -> None:
    rows = run(platform_reader, "Shared Queries/Planning/Features and their work").items
    found = {row.id: (row.level, row.of, row.link) for row in rows}
    assert found[2] == (0, None, None)
    assert found[8] == (1, 2, "child")
    assert found[17] == (2, 8, "child")


def test_a_later_page_of_a_tree_knows_its_levels(platform_reader: AzureDevOps) -> None:
    name = "Shared Queries/Planning/Features and their work"
    whole = [(row.id, row.level, row.of) for row in run(platform_reader, name).items]
    paged: list[tuple[int, int, int]] = []
    cursor = None
    for _ in range(30):
        page = run(platform_reader, name, limit=4, cursor=cursor)
        assert page.total == len(whole)
        paged += [(row.id, row.level, row.of) for row in page.items]
        if (cursor := page.cursor) is None:
            break
    assert paged == whole


def test_a_query_of_direct_links_shows_both_ends(platform_reader: AzureDevOps) -> None:
    rows = run(platform_reader, "Shared Queries/Planning/Related items").items
    assert [(row.id, row.level, row.of, row.link) for row in rows] == [
        (15, 0, None, None),
        (28, 1, 15, "related"),
        (28, 0, None, None),
        (15, 1, 28, "related"),
    ]


def test_a_query_is_found_by_its_id(platform_client: AzureDevOps, organization: Organization) -> None:
    number = add(organization, "Everything")
    page = run(platform_client, number, limit=3)
    assert len(page.items) == 3
    assert page.total > 3
    assert "note: The query is Shared Queries/Everything." in shown(page)


def test_the_macro_of_a_team_is_the_iteration_of_today(platform_reader: AzureDevOps) -> None:
    items = run(platform_reader, "Shared Queries/Planning/Current sprint").items
    assert items
    assert {row.id for row in items} >= {4, 8}


def test_the_team_goes_into_the_address(platform_client: AzureDevOps, sent: list[Any]) -> None:
    run(platform_client, "Shared Queries/Open bugs", team="Platform Team")
    assert any("/Platform/Platform Team/_apis/wit/wiql/" in request.url.path for request in sent)
    told = refusal(platform_client, "run_saved_query", NotFound, query="Shared Queries/Open bugs", team="Nobody")
    assert "list_teams" in told


def test_a_macro_without_a_team_says_so(platform_client: AzureDevOps, organization: Organization) -> None:
    number = add(
        organization,
        "Ours",
        FLAT.replace("@project", "'Platform' AND [System.IterationPath] = @CurrentIteration('[Platform]\\\\Gone')"),
    )
    told = refusal(platform_client, "run_saved_query", InvalidRequest, query=number)
    assert "give team" in told


def test_an_empty_result_names_the_query(platform_client: AzureDevOps, organization: Organization) -> None:
    add(organization, "Nothing", FLAT.replace("@project", "@project AND [System.Title] = 'No such title'"))
    assert shown(run(platform_client, "Shared Queries/Nothing")).startswith(
        "No work items found in a saved query of Platform"
    )


@pytest.mark.parametrize("query", ["Shared Queries/Planning", "Shared Queries"])
def test_a_folder_cannot_be_run(platform_reader: AzureDevOps, query: str) -> None:
    told = refusal(platform_reader, "run_saved_query", InvalidRequest, query=query)
    assert "list_saved_queries" in told


def test_a_query_that_does_not_exist_is_refused_with_near_names(platform_reader: AzureDevOps) -> None:
    told = refusal(platform_reader, "run_saved_query", NotFound, query="Open bug")
    assert "'Shared Queries/Open bugs'" in told
    refusal(platform_reader, "run_saved_query", InvalidRequest, query="/")


def test_work_items_that_cannot_be_read_are_no_empty_result(
    platform_client: AzureDevOps, organization: Organization
) -> None:
    organization.faults.add(Fault(kind="status", status=403, path="/workitemsbatch"))
    with pytest.raises(Denied):
        run(platform_client, "Shared Queries/Open bugs")


def test_a_deleted_work_item_between_query_and_read_is_told(
    platform_client: AzureDevOps, organization: Organization
) -> None:
    organization.work_item_lag = timedelta(days=1)
    item = organization.work_items.items[27]
    organization.work_items.delete(item, by=organization.named("Tom Becker"), when=organization.clock.tick())
    page = run(platform_client, "Shared Queries/Open bugs")
    assert 27 not in {row.id for row in page.items}
    assert page.partial == ("1 more could not be read" in " ".join(page.notes))


@pytest.mark.parametrize("text", ["Vec<T> & Map", "AT&amp;T", "Support <b>", "<script>", "List<Integer> & <b>x</b>"])
def test_columns_show_texts_as_they_are_stored_and_people_with_their_unique_names(
    platform_client: AzureDevOps, organization: Organization, text: str
) -> None:
    """Only what an editor of the service surely made as HTML is shown as Markdown."""
    names = ["System.Reason", "Microsoft.VSTS.TCM.ReproSteps", "System.CreatedBy", "System.Description"]
    columns = ", ".join(f"[{name}]" for name in ["System.Id", *names])
    add(organization, "Planning/Columns", f"SELECT {columns} FROM WorkItems WHERE [System.Id] = 27")  # noqa: S608 - WIQL
    stored = organization.work_items.get(27).revision.fields
    stored |= {
        "System.Reason": text,
        "Microsoft.VSTS.TCM.ReproSteps": text,
        "System.Description": "<div>a <b>b</b></div>",
    }
    [row] = run(platform_client, "Shared Queries/Planning/Columns").items
    found = {each.name: each.value for each in row.more}
    assert found == {
        "System.Reason": text,
        "Microsoft.VSTS.TCM.ReproSteps": text,
        "System.CreatedBy": "Luis Ferreira <luis.ferreira@tidewater.example>",
        "System.Description": "a **b**",
    }
