"""The query language: what it finds, what it refuses, and in which words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from azure_devops_simulator import Organization
from azure_devops_simulator.areas.work_items.process.rules import new_fields
from azure_devops_simulator.areas.work_items.process.types import work_item_type
from azure_devops_simulator.areas.work_items.wiql import conditions
from azure_devops_simulator.areas.work_items.wiql.macros import Context
from azure_devops_simulator.areas.work_items.wiql.parser import parse
from azure_devops_simulator.areas.work_items.wiql.run import run_query
from azure_devops_simulator.areas.work_items.wiql.syntax import WiqlError
from azure_devops_simulator.state.work_items.records import Draft, NewRelation

IDS = "SELECT [System.Id] FROM WorkItems WHERE "
LINKS = "SELECT [System.Id] FROM WorkItemLinks WHERE "
CHILDREN = " AND ([System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward') "


@pytest.fixture
def context(organization: Organization) -> Context:
    return Context(organization, organization.named("Mina Sato"), organization.project("Platform"))


@pytest.fixture
def reading(shared_organization: Organization) -> Context:
    """The context of a test that changes nothing."""
    return Context(shared_organization, shared_organization.named("Mina Sato"), shared_organization.project("Platform"))


def found(context: Context, where: str) -> list[int]:
    return run_query(IDS + where, context).ids


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ("[System.Id] = 4", [4]),
        ("[System.Id] = '4'", [4]),
        ("System.Id IN (4, 6, 4711)", [4, 6]),
        ("[System.Id] > 3 AND [System.Id] <= 6 AND [System.Id] <> 5", [4, 6]),
        ("[System.Id] < 9 AND [System.WorkItemType] NOT IN ('Epic', 'feature')", [4, 8]),
        ("[System.TeamProject] = 'DATA'", [57, 58]),
        ("[System.TeamProject] = @Project AND [System.WorkItemType] = 'Issue'", [34, 35]),
        ("[System.Title] CONTAINS 'FINDING'", [4, 7, 32, 33]),
        ("[System.Title] CONTAINS 'finding' AND [System.Title] NOT CONTAINS 'root'", [4, 7, 33]),
        ("[System.Title] CONTAINS WORDS 'finding'", [4, 32, 33]),
        ("[System.Title] CONTAINS WORDS 'find*' AND [System.Id] < 5", [1, 4]),
        ("[System.Description] CONTAINS WORDS 'failover minutes'", [6]),
        ("[Microsoft.VSTS.TCM.ReproSteps] CONTAINS WORDS 'unaccent'", [27]),
        ("[System.History] CONTAINS WORDS 'auditors'", [4]),
        ("[System.Description] IS EMPTY AND [System.WorkItemType] = 'Epic'", [5, 37, 47, 57]),
        ("[System.Description] IS NOT EMPTY AND [System.WorkItemType] = 'Epic'", [1]),
        ("[System.Tags] CONTAINS 'security' AND [System.State] = 'New'", [33]),
        ("[System.Tags] CONTAINS 'secur'", []),
        ("[System.AreaPath] = 'Platform\\Operations' AND [System.WorkItemType] = 'Issue'", [34, 35]),
        ("[System.AreaPath] UNDER 'Payments' AND [System.WorkItemType] = 'Bug'", [45, 46]),
        ("[System.AreaPath] NOT UNDER 'Platform' AND [System.WorkItemType] = 'Epic'", [37, 47, 57]),
        ("[System.IterationPath] = @CurrentIteration AND [System.WorkItemType] = 'Bug'", [4, 27, 29, 30]),
        ("[System.IterationPath] = @CurrentIteration - 2 AND [System.WorkItemType] = 'Bug'", [32]),
        ("[System.IterationPath] = @CurrentIteration('[Platform]\\Platform Team') + 1 AND [System.Id] < 10", [9]),
        ("[System.AssignedTo] = @Me AND [System.WorkItemType] = 'User Story'", [8, 12, 13, 40]),
        ("[System.AssignedTo] = 'Dana Ortiz <dana.ortiz@tidewater.example>' AND [System.Id] < 14", [1]),
        ("[System.AssignedTo] CONTAINS 'ortiz' AND [System.WorkItemType] = 'Issue'", [34, 35]),
        ("[System.AssignedTo] = '' AND [System.WorkItemType] = 'Bug'", [31, 33, 53]),
        ("[System.AssignedTo] <> @Me AND [System.Id] IN (8, 9, 10)", [9, 10]),
        ("[System.AssignedTo] IN GROUP '[Data]\\Data Team' AND [System.Id] < 3", [1, 2]),
        ("[System.WorkItemType] IN GROUP 'Microsoft.RequirementCategory' AND [System.Id] > 42", [49, 50, 51, 52, 58]),
        ("[System.CreatedDate] >= @Today - 4 AND [System.WorkItemType] = 'Task'", [25, 26, 54, 55]),
        ("[System.CreatedDate] = '2026-11-18'", [31]),
        (
            "[System.CreatedDate] >= @StartOfWeek AND [System.CreatedDate] < @StartOfWeek('+2d')",
            [16, 19, 25, 42, 54, 55],
        ),
        (
            "[System.CreatedDate] >= @StartOfMonth - 2 AND [System.CreatedDate] < @StartOfMonth('-50d')",
            [36, 46, 47, 48, 52],
        ),
        ("[System.CreatedDate] < @StartOfYear", []),
        ("[System.CreatedDate] >= @StartOfDay('-2d') ", [31]),
        ("[Microsoft.VSTS.Scheduling.StoryPoints] >= 8", [13, 42]),
        ("[System.ChangedDate] = [System.CreatedDate] AND [System.WorkItemType] = 'Bug'", [31, 33]),
        ("[System.CreatedBy] <> [System.AssignedTo] AND [System.WorkItemType] = 'Feature'", [2, 3, 6, 38, 39]),
        (
            "EVER [System.State] = 'Resolved' AND [System.State] = 'Closed' AND [System.WorkItemType] = 'Bug'",
            [28, 32, 46],
        ),
        ("[System.State] EVER 'Approved' AND [System.State] <> 'Approved'", [49, 52]),
        ("([System.Id] = 1 OR [System.Id] = 2) AND NOT [System.Id] = 2", [1]),
        ("[System.Id] = 1 OR [System.Id] = 2 AND [System.Id] = 3", [1]),
        ("[System.Parent] = 3", [12, 13]),
        (
            "[System.Title] CONTAINS \"phone's\" OR [System.Title] = 'As an analyst I find the raw events of a day'",
            [58],
        ),
        ("[title] = 'Show a map'", [50]),
        ("[System.Id] = [Any] AND [System.Id] = 7", [7]),
        ("[System.CommentCount] > 1", [4, 13]),
        # Two fields: what is empty on either side is neither larger nor smaller.
        ("[Microsoft.VSTS.Scheduling.StoryPoints] <= [System.Id] AND [System.Id] < 11", [8, 9, 10]),
        ("[System.Id] >= [Microsoft.VSTS.Scheduling.StoryPoints] AND [System.Id] < 11", [8, 9, 10]),
        ("[System.Tags] = 'Security'", [4, 7, 32, 33]),
        ("[System.Tags] IN ('security', 'search')", [4, 7, 27, 32, 33]),
        ("[System.Tags] <> 'security' AND [System.Id] IN (4, 27, 31, 32)", [27, 31]),
        ("[System.Tags] = '' AND [System.WorkItemType] = 'Bug'", [29, 31, 46]),
        ("[Microsoft.VSTS.Common.Severity] > '2 - High' AND [System.Id] IN (2, 4, 27, 31)", [27, 31]),
        ("[Microsoft.VSTS.Common.Severity] < '2 - high' AND [System.Id] IN (2, 4, 28, 32)", []),
        ("[Microsoft.VSTS.Common.ClosedDate] <> '2026-11-18' AND [System.Id] < 3", [1, 2]),
        ("[System.AssignedTo] CONTAINS 'dana.ortiz' AND [System.Id] < 20", [1, 14]),
        ("[System.AssignedTo] CONTAINS 'Dana O' AND [System.Id] < 20", [1, 14]),
        ("[System.AssignedTo] NOT CONTAINS 'ortiz' AND [System.Id] IN (1, 2, 31)", [2, 31]),
        ("[System.AssignedTo] <= 'Dana Ortiz' AND [System.Id] IN (1, 2, 31)", [1]),
        ("[System.AssignedTo] > 'Dana Ortiz' AND [System.Id] IN (1, 2, 31)", [2]),
        ("[System.AssignedTo] IN GROUP '[Project]\\Platform Team' AND [System.Id] IN (1, 31)", [1]),
        ("[System.AssignedTo] IN GROUP '[Data]\\Platform Team' AND [System.Id] < 6", []),
        ("[System.AssignedTo] IN GROUP '[Project]\\Data Team' AND [System.Id] < 6", []),
        ("[System.AssignedTo] IN GROUP 'Data Team' AND [System.Id] IN (1, 31)", [1]),
        ("[System.IsDeleted] <> 'true' AND [System.Id] = 1", [1]),
        ("[System.IsDeleted] = '1' AND [System.Id] = 1", []),
        ("[System.IsDeleted] = false AND [System.Id] < 3", [1, 2]),
        ("NOT [System.IsDeleted] = false AND [System.Id] < 3", []),
        ("[System.Description] CONTAINS WORDS 'none' AND [System.Id] = 5", []),
        ("[System.Title] CONTAINS WORDS '' AND [System.Id] = 5", []),
        ("[Microsoft.VSTS.Common.Severity] = '' AND [System.Id] IN (2, 4)", [2]),
        ("[Microsoft.VSTS.Common.Severity] <> '' AND [System.Id] IN (2, 4)", [4]),
        ("[System.WorkItemType] IN GROUP 'Microsoft.EpicCategory' AND [System.Id] < 6", [1, 5]),
    ],
)
def test_conditions(reading: Context, where: str, ids: list[int]) -> None:
    assert found(reading, where) == ids


@pytest.mark.parametrize("keyword", ["select {} from workitems where {}", "SELECT {} FROM WORKITEMS WHERE {}"])
def test_keywords_ignore_case(reading: Context, keyword: str) -> None:
    assert run_query(keyword.format("[system.id]", "[SYSTEM.STATE] = 'rEMOVED'"), reading).ids == [36]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("DELETE x", "TF51004: The query statement is missing a SELECT clause. The error is caused by «DELETE»."),
        (
            "SELECT TOP 10 [System.Id] FROM WorkItems",
            "TF51006: The query statement is missing a FROM clause. The error is caused by «10».",
        ),
        (
            "SELECT [System.Id] WHERE [System.Id] = 1",
            "TF51006: The query statement is missing a FROM clause. The error is caused by «WHERE».",
        ),
        (
            IDS + "[Custom.Nope] = 'x'",
            "TF51005: The query references a field that does not exist. The error is caused by «[Custom.Nope]».",
        ),
        (
            "SELECT [Nope] FROM WorkItems",
            "TF51005: The query references a field that does not exist. The error is caused by «[Nope]».",
        ),
        (
            IDS + "[System.State] = Active",
            "TF51005: The query references a field that does not exist. The error is caused by «Active».",
        ),
        (IDS + "[System.State] = )", "Expecting field name or expression. The error is caused by «)»."),
        (IDS + "[System.Id] IN ()", "Expecting constant value. The error is caused by «)»."),
        (IDS + "[System.Id] * 1", "Expecting comparison operator. The error is caused by «*»."),
        (IDS + "[System.Title] LIKE 'x'", "Expecting comparison operator. The error is caused by «LIKE»."),
        (IDS + "[System.Id] = 1 2", "Expecting end of string. The error is caused by «2»."),
        (
            IDS + "[System.AreaPath] UNDER 'Platform\\Nowhere'",
            "TF51011: The specified area path does not exist. The error is caused by «'Platform\\Nowhere'».",
        ),
        (
            IDS + "[System.Title] UNDER 'Platform'",
            (
                "TF51012: The UNDER operator can only be used with classification fields. "
                "The error is caused by «[System.Title]»."
            ),
        ),
        (
            IDS + "[System.IterationPath] contains 'x'",
            (
                "The specified operator cannot be used with area path fields. "
                "The error is caused by «[System.IterationPath] contains 'x'»."
            ),
        ),
        (
            IDS + "[System.Description] = 'x'",
            (
                "The specified operator cannot be used with long-text fields. "
                "The error is caused by «[System.Description] = 'x'»."
            ),
        ),
        (
            IDS + "[System.CreatedDate] > '2026-11-01T10:00:00Z'",
            (
                "You cannot supply a time with the date when running a query using date precision. "
                "The error is caused by «[System.CreatedDate] > '2026-11-01T10:00:00Z'»."
            ),
        ),
        (
            IDS + "[System.Id] = [System.Title]",
            (
                "The fields of the comparison have different types. "
                "The error is caused by «[System.Id] = [System.Title]»."
            ),
        ),
        (
            IDS + "[Source].[System.Id] = 1",
            ("The field can be used in a query of links only. The error is caused by «[Source].[System.Id]»."),
        ),
        (
            IDS + "[System.Id] = @Nobody",
            "TF51005: The query references a field that does not exist. The error is caused by «@Nobody».",
        ),
        (
            IDS + "[System.IterationPath] = @CurrentIteration + 20",
            (
                "TF20037: No Iterations are selected for the team. The macro '@CurrentIteration' is undefined. "
                "The error is caused by «@CurrentIteration + 20»."
            ),
        ),
        (
            IDS + "[System.IterationPath] UNDER 'Platform\\Nowhere'",
            "TF51011: The specified iteration path does not exist. The error is caused by «'Platform\\Nowhere'».",
        ),
        (
            IDS + "[System.CreatedDate] > 'soon'",
            "The date is not valid. The error is caused by «[System.CreatedDate] > 'soon'».",
        ),
        (
            IDS + "[System.Links.LinkType] = 'x'",
            "The field can be used in a query of links only. The error is caused by «[System.Links.LinkType]».",
        ),
        *(
            (
                f"{IDS}{condition}",
                f"The specified operator cannot be used with {kind} fields. The error is caused by «{condition}».",
            )
            for condition, kind in [
                ("[System.Id] CONTAINS WORDS 'x'", "integer"),
                ("[System.Id] IN GROUP 'x'", "integer"),
                ("[System.AssignedTo] CONTAINS WORDS 'x'", "string"),
                ("[System.IsDeleted] > 'true'", "Boolean"),
                ("[System.History] = 'x'", "long-text"),
                ("[System.CreatedDate] CONTAINS 'x'", "date"),
                ("[System.Tags] > 'x'", "long-text"),
                ("EVER [System.Description] CONTAINS WORDS 'x'", "long-text"),
            ]
        ),
        (IDS + "[System.Id] = 'x'", "The value is not a number. The error is caused by «[System.Id] = 'x'»."),
        (
            IDS + "NOT EVER [System.State] = 'New'",
            "The Was Ever operator cannot be negated. The error is caused by «NOT EVER [System.State] = 'New'».",
        ),
    ],
)
def test_what_is_refused(reading: Context, query: str, message: str) -> None:
    with pytest.raises(WiqlError) as refused:
        run_query(query, reading)
    assert refused.value.message == message
    assert refused.value.status == 400


def test_quotes_are_doubled_inside_strings() -> None:
    where = parse(IDS + '[System.Title] = \'it\'\'s\' OR [System.Title] = "a ""b"""').where
    assert [term.operands[0].value for term in where.terms] == ["it's", 'a "b"']  # type: ignore[union-attr]


def test_times_of_day_count_with_time_precision(organization: Organization) -> None:
    user = organization.named("Mina Sato")
    exact = Context(organization, user, time_precision=True)
    created = organization.work_items.items[31].revisions[0].changed
    after = f"[System.CreatedDate] > '{created.isoformat()}' AND [System.CreatedDate] > '2026-11-18'"
    assert 31 not in found(exact, after)
    assert 31 in found(exact, after.replace("] > '2026-11-18T", "] >= '2026-11-18T"))


def test_as_of_looks_into_the_past(reading: Context) -> None:
    where = "[System.Id] IN (10, 31) AND [System.State] IN ('New', 'Active')"
    assert found(reading, where) == [31]
    assert found(reading, where + " ASOF '2026-10-13'") == [10]
    assert found(reading, where + " ASOF '2026-10-01'") == []


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ("2026-11-18T12:30:00Z", [4]),
        ("2026-11-18T14:30:00+02:00", [4]),
        ("2026-11-18T12:29:59Z", []),
        ("2026-11-18T12:30:00+02:00", []),
        ("2026-11-18T12:30:00-02:00", [4]),
        # A time without a zone is in UTC, wherever the simulator runs.
        ("2026-11-18T12:30:00", [4]),
        ("2026-11-18T12:29:59", []),
    ],
)
def test_times_in_any_zone_mean_the_same_moment(organization: Organization, asked: str, ids: list[int]) -> None:
    item = organization.work_items.items[4]
    item.revisions = item.revisions[:1]
    item.revision.fields |= {"System.ChangedDate": datetime(2026, 11, 18, 12, 30, tzinfo=UTC)}
    exact = Context(organization, organization.named("Mina Sato"), time_precision=True)
    assert found(exact, f"[System.Id] = 4 AND [System.ChangedDate] <= '{asked}'") == ids
    assert found(exact, f"[System.Id] = 4 ASOF '{asked}'") == ids


def test_a_path_that_only_begins_like_another_is_not_under_it(client: Any, organization: Organization) -> None:
    client.call("POST", "/Platform/_apis/wit/classificationnodes/areas", {"name": "Operations Desk"}, expect=201)
    client.call("POST", "/Platform/_apis/wit/classificationnodes/areas/Operations", {"name": "Night"}, expect=201)
    project, by, when = organization.project("Platform"), organization.named("Luis Ferreira"), organization.clock.now()
    kind, created = work_item_type(project, "Issue"), {}
    for area in ("Operations Desk", "Operations\\Night"):
        fields = new_fields(organization, project, kind, when) | {"System.AreaPath": f"Platform\\{area}"}
        created[area] = organization.work_items.create(project, Draft(fields), by=by, when=when).id

    def ids(condition: str) -> list[int]:
        query = {"query": f"{IDS}[System.WorkItemType] = 'Issue' AND [System.AreaPath] {condition}"}
        return [row["id"] for row in client.call("POST", "/Platform/_apis/wit/wiql", query)["workItems"]]

    assert ids("UNDER 'Platform\\Operations'") == [34, 35, created["Operations\\Night"]]
    assert ids("UNDER 'Platform\\Operations Desk'") == [created["Operations Desk"]]
    assert ids("NOT UNDER 'Platform\\Operations'") == [created["Operations Desk"]]
    assert ids("= 'Platform\\Operations'") == [34, 35]


def test_a_query_sees_the_links_of_its_time(organization: Organization, context: Context) -> None:
    store, by = organization.work_items, organization.named("Luis Ferreira")
    first, second = store.items[31], store.items[33]
    thursday, friday = (datetime(2026, 11, day, tzinfo=UTC) for day in (19, 20))
    link = NewRelation("System.LinkTypes.Related", second.id)
    store.save(first, Draft(dict(first.revision.fields), added=[link]), by=by, when=thursday)
    [made] = [relation for relation in first.relations() if relation.target == second.id]
    store.save(first, Draft(dict(first.revision.fields), removed=[made]), by=by, when=friday)

    def linked(when: str) -> list[tuple[int | None, int]]:
        query = f"{LINKS}[Source].[System.Id] = 33 AND [System.Links.LinkType] = 'System.LinkTypes.Related'"
        return rows(context, f"{query} {when} MODE (MustContain)")

    kinds = "[System.Links.LinkType] = 'System.LinkTypes.Related' OR [System.Links.LinkType] CONTAINS 'Hierarchy'"
    assert rows(context, f"{LINKS}[Source].[System.Id] = 13 AND ({kinds})")[:2] == [(None, 13), (13, 3)]
    assert linked("") == linked("ASOF '2026-11-18T23:59:59Z'") == linked("ASOF '2026-11-20'") == []
    assert linked("ASOF '2026-11-19'") == linked("ASOF '2026-11-19T23:59:59Z'") == [(None, 33), (33, 31)]


def test_a_parent_that_was_removed_is_none(organization: Organization, context: Context) -> None:
    store, by = organization.work_items, organization.named("Luis Ferreira")
    story = store.items[13]
    assert story.parent() == 3
    [up] = [relation for relation in story.relations() if relation.target == 3]
    store.save(story, Draft(dict(story.revision.fields), removed=[up]), by=by, when=organization.clock.now())
    assert story.parent() is None
    assert found(context, "[System.Parent] = 3") == [12]


def test_queries_are_behind_by_the_lag_and_never_ahead_of_their_own_time(organization: Organization) -> None:
    now, item = organization.clock.now(), organization.work_items.items[31]
    organization.work_item_lag = timedelta(hours=1)
    exact = Context(organization, organization.named("Mina Sato"), time_precision=True)
    for minutes, ids in ((59, []), (60, [31]), (61, [31])):
        item.revisions = item.revisions[:1]
        item.revision.fields |= {"System.ChangedDate": now - timedelta(minutes=minutes)}
        organization.work_items.indexes.touch(31)
        assert found(exact, "[System.Id] = 31") == ids, minutes
    earlier, later = now - timedelta(minutes=62), now + timedelta(minutes=5)
    assert found(exact, f"[System.Id] = 31 ASOF '{earlier.isoformat()}'") == []
    assert found(exact, f"[System.Id] = 31 ASOF '{later.isoformat()}'") == [31]
    item.revision.fields |= {"System.ChangedDate": now - timedelta(minutes=30)}
    organization.work_items.indexes.touch(31)
    assert found(exact, f"[System.Id] = 31 ASOF '{later.isoformat()}'") == []


def test_the_recycle_bin_is_searched_by_a_query_about_it(organization: Organization, context: Context) -> None:
    store, by, before = organization.work_items, organization.named("Luis Ferreira"), organization.clock.now()
    store.delete(store.items[13], by=by, when=organization.clock.tick(60))
    assert found(context, "[System.Id] IN (12, 13)") == [12]
    assert found(context, "[System.Id] IN (12, 13) AND [System.IsDeleted] = false") == [12]
    assert found(context, "[System.Id] IN (12, 13) AND [System.IsDeleted] = true") == [13]
    assert found(context, "[System.Id] = 12 OR [Is Deleted] = true ORDER BY [System.Id] DESC") == [900, 13, 12]
    assert found(context, f"[System.Id] IN (12, 13) ASOF '{before.isoformat()}'") == [12, 13]
    links = LINKS + "[Source].[System.Id] = 3" + CHILDREN
    assert rows(context, links) == [(None, 3), (3, 12)]
    assert rows(context, links + "AND [Target].[System.IsDeleted] = true") == [(None, 3), (3, 13)]
    organization.clock.tick(40)
    organization.work_item_lag = timedelta(seconds=40)
    assert found(context, "[System.Id] IN (12, 13)") == [12]
    organization.work_item_lag = timedelta(seconds=41)
    assert found(context, "[System.Id] IN (12, 13)") == [12, 13]
    organization.work_item_lag = timedelta(0)
    store.restore(store.items[13], by=by, when=organization.clock.tick())
    assert found(context, "[System.Id] IN (12, 13)") == [12, 13]


def test_the_order_is_that_of_the_clause_and_then_of_the_ids(reading: Context) -> None:
    where = "[System.Id] < 7 ORDER BY [System.State] DESC, [Microsoft.VSTS.Common.Priority], [System.Id] DESC"
    assert found(reading, where) == [5, 4, 6, 3, 2, 1]
    by_person = "[System.Id] IN (4, 2, 6, 9) ORDER BY [System.AssignedTo]"
    assert found(reading, by_person) == [9, 2, 4, 6]


def rows(context: Context, query: str) -> list[tuple[int | None, int]]:
    return [(link.source, link.target) for link in run_query(query, context).links]


def test_links_that_must_be_there(reading: Context) -> None:
    query = LINKS + "[Source].[System.WorkItemType] = 'Epic'" + CHILDREN + "AND [Target].[System.State] = 'Active'"
    result = [(None, 1), (1, 2), (1, 3), (None, 5), (5, 6), (None, 37), (37, 38), (37, 39)]
    assert rows(reading, query + " MODE (MustContain)") == result
    assert rows(reading, query) == result


def test_links_that_may_be_there(reading: Context) -> None:
    query = LINKS + "[Source].[System.Id] IN (1, 7)" + CHILDREN + "AND [Target].[System.Title] CONTAINS 'search'"
    assert rows(reading, query + " MODE (MayContain)") == [(None, 1), (1, 2), (None, 7)]
    assert rows(reading, query + " MODE (DoesNotContain)") == [(None, 7)]


def test_trees(reading: Context) -> None:
    query = LINKS + "[Source].[System.Id] IN (1, 3, 5)" + CHILDREN + "AND [Target].[System.State] <> 'Closed' "
    result = run_query(query + "ORDER BY [System.Id] MODE (Recursive)", reading)
    assert result.kind == "tree"
    assert rows(reading, query + "MODE (Recursive)") == [
        (None, 1),
        (1, 2),
        *[(2, 8), (8, 17), (8, 19), (2, 9), (9, 20), (9, 21), (2, 15), (2, 16), (16, 26)],
        *[(1, 3), (3, 13), (13, 23), (13, 24)],
        *[(None, 5), (5, 6), (6, 14)],
    ]


def test_the_two_ends_cannot_be_mixed_by_or(reading: Context) -> None:
    both = "[Source].[System.Id] = 1 {} [Target].[System.Id] = 2"
    for where in (both.format("OR"), f"NOT ({both.format('AND')})"):
        with pytest.raises(WiqlError) as refused:
            run_query(LINKS + where, reading)
        assert refused.value.message == (
            "TF51009: Conditions on the source, on the target and on the link can be joined by AND only. "
            "The error is caused by «OR»."
        )


FORWARD, REVERSE = "'System.LinkTypes.Hierarchy-Forward'", "'System.LinkTypes.Hierarchy-Reverse'"


@pytest.mark.parametrize(
    ("condition", "targets"),
    [
        (f"[System.Links.LinkType] = {FORWARD}", [8, 9, 10, 15, 16]),
        (f"NOT [System.Links.LinkType] = {FORWARD}", [1]),
        (f"NOT ([System.Links.LinkType] = {FORWARD} AND [System.Links.LinkType] = {REVERSE})", [1, 8, 9, 10, 15, 16]),
        (f"[System.Links.LinkType] = {FORWARD} OR [System.Links.LinkType] = {REVERSE}", [1, 8, 9, 10, 15, 16]),
        (f"([System.Links.LinkType] = {FORWARD} AND [System.Links.LinkType] = {REVERSE})", []),
        ("[System.Links.LinkType] NOT CONTAINS 'Forward'", [1]),
        (f"[System.Links.LinkType] IN ({FORWARD})", [8, 9, 10, 15, 16]),
    ],
)
def test_conditions_on_the_type_of_a_link(reading: Context, condition: str, targets: list[int]) -> None:
    query = f"{LINKS}[Source].[System.Id] = 2 AND ({condition}) MODE (MayContain)"
    assert sorted(target for _, target in rows(reading, query)[1:]) == targets


def test_a_field_without_an_end_is_of_the_source(reading: Context) -> None:
    query = LINKS + "[System.Id] = 57" + CHILDREN
    assert rows(reading, query) == rows(reading, query.replace("[System.Id] =", "[Source].[System.Id] =")) != []


@pytest.mark.parametrize(("top", "count"), [(None, 4), (0, 4), (1, 1), (3, 3), (9, 4)])
def test_no_more_rows_are_given_than_were_wanted(reading: Context, top: int | None, count: int) -> None:
    assert len(run_query(IDS + "[System.Id] IN (1, 2, 3, 4)", reading, top).ids) == count
    links = LINKS + "[Source].[System.Id] IN (1, 57)" + CHILDREN + "AND [Target].[System.State] = 'Active'"
    assert len(run_query(links, reading, top).links) == min(count, len(run_query(links, reading).links))


def test_a_link_query_sees_the_links_of_the_time_it_asks_for(reading: Context) -> None:
    query = LINKS + "[Source].[System.Id] = 57" + CHILDREN + "{} MODE (MustContain)"
    assert rows(reading, query.format("")) == [(None, 57), (57, 58)]
    assert rows(reading, query.format("ASOF '2020-01-01'")) == []


def test_hidden_projects_are_not_searched(organization: Organization, context: Context) -> None:
    data = organization.project("Data")
    assert data is not None
    organization.hide_project(data, context.user)
    assert found(context, "[System.Id] > 55") == [56]


@pytest.fixture
def crowded(organization: Organization) -> Organization:
    project, by = organization.project("Data"), organization.named("Luis Ferreira")
    assert project is not None
    kind, when = work_item_type(project, "Task"), organization.clock.now()
    for number in range(10_000):
        fields = new_fields(organization, project, kind, when)
        fields |= {"System.Title": f"Load file {number}", "System.Tags": "load" if number % 3 else "load; slow"}
        organization.work_items.create(project, Draft(fields), by=by, when=when)
    return organization


def test_ten_thousand_items_are_searched_by_conditions_compiled_once(
    crowded: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[object] = []

    def counted(comparison: Any, *rest: Any) -> Any:
        compiled.append(comparison)
        return real(comparison, *rest)

    real = conditions.compile_test
    monkeypatch.setattr(conditions, "compile_test", counted)
    context = Context(crowded, crowded.named("Mina Sato"))
    query = (
        IDS + "[System.TeamProject] = 'Data' AND [System.Tags] CONTAINS 'slow' AND [System.Title] CONTAINS '7' "
        "AND EVER [System.State] = 'New' AND [System.ChangedDate] >= @Today - 30 ORDER BY [System.Title] DESC"
    )
    ids = run_query(query, context).ids
    assert len(ids) == sum(1 for number in range(0, 10_000, 3) if "7" in str(number))
    assert len(compiled) == 5


def test_more_than_twenty_thousand_rows_are_an_error(
    crowded: Organization, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("azure_devops_simulator.areas.work_items.wiql.run.MOST_ROWS", 10_000)
    body = {"query": "SELECT [System.Id] FROM WorkItems"}
    error = client.call("POST", "/_apis/wit/wiql", body, expect=400)
    assert error["message"].startswith("VS402337: The number of work items returned exceeds the size limit of 10000")
    kind = "Microsoft.TeamFoundation.WorkItemTracking.Server.WorkItemTrackingQueryResultSizeLimitExceededException"
    assert error["typeName"].partition(",")[0] == kind
    assert len(client.call("POST", "/_apis/wit/wiql", body, __top=9_999)["workItems"]) == 9_999
    client.call("POST", "/_apis/wit/wiql", body, expect=400, __top=10_000)


def test_a_flat_query_over_http(client: Any) -> None:
    query = (
        "SELECT [System.Id], [System.Title] FROM WorkItems WHERE [System.TeamProject] = @project ORDER BY [System.Id]"
    )
    result = client.call("POST", "/Data/_apis/wit/wiql", {"query": query}, __top=1)
    project = client.get("/_apis/projects/Data")
    base = str(client.http.base_url).rstrip("/")
    assert result == {
        "queryType": "flat",
        "queryResultType": "workItem",
        "asOf": "2026-11-20T09:00:00Z",
        "columns": [
            {"referenceName": "System.Id", "name": "ID", "url": f"{base}/_apis/wit/fields/System.Id"},
            {"referenceName": "System.Title", "name": "Title", "url": f"{base}/_apis/wit/fields/System.Title"},
        ],
        "sortColumns": [
            {
                "field": {"referenceName": "System.Id", "name": "ID", "url": f"{base}/_apis/wit/fields/System.Id"},
                "descending": False,
            }
        ],
        "workItems": [{"id": 57, "url": f"{base}/{project['id']}/_apis/wit/workItems/57"}],
    }


def test_a_link_query_over_http(client: Any) -> None:
    query = LINKS + "[Source].[System.Id] = 57" + CHILDREN + "MODE (MustContain)"
    result = client.call("POST", "/_apis/wit/wiql", {"query": query})
    assert (result["queryType"], result["queryResultType"]) == ("oneHop", "workItemLink")
    root, child = result["workItemRelations"]
    assert (root["rel"], root["source"], root["target"]["id"]) == (None, None, 57)
    assert (child["rel"], child["source"]["id"]) == ("System.LinkTypes.Hierarchy-Forward", 57)
    assert child["target"]["id"] == 58
    assert "workItems" not in result


def test_a_query_needs_only_the_read_scope(reader: Any, connect: Any, organization: Organization) -> None:
    reader.call("POST", "/_apis/wit/wiql", {"query": IDS + "[System.Id] = 1"})
    organization.add_token("code-only", {"vso.code"})
    refused = connect("code-only").send("POST", "/_apis/wit/wiql", {"query": IDS + "[System.Id] = 1"})
    assert (refused.status_code, refused.content) == (401, b"")


NO_CONTEXT = "VS402612: The macro '@{}' is not supported without a team context."


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (
            "[System.IterationPath] = @CurrentIteration('[Platform]\\No such team')",
            NO_CONTEXT.format("CurrentIteration"),
        ),
        ("[System.IterationPath] = @currentIteration('[Nowhere]\\Data Team')", NO_CONTEXT.format("CurrentIteration")),
        ("[System.IterationPath] = @CurrentIteration('[Hidden]\\x') + 1", NO_CONTEXT.format("CurrentIteration")),
        (
            "[System.IterationPath] = @CurrentIteration('Data Team')",
            "'Data Team' is not of the form '[project]\\team'.",
        ),
        ("[System.AreaPath] = @TeamAreas('[Platform]\\No such team')", NO_CONTEXT.format("TeamAreas")),
    ],
)
def test_a_team_that_does_not_exist(client: Any, where: str, message: str) -> None:
    error = client.call("POST", "/Platform/_apis/wit/wiql", {"query": IDS + where}, expect=400)
    assert error["message"] == message


def test_a_macro_of_the_team_needs_a_project(client: Any) -> None:
    query = {"query": IDS + "[System.IterationPath] = @CurrentIteration"}
    error = client.call("POST", "/_apis/wit/wiql", query, expect=400)
    assert error["message"] == NO_CONTEXT.format("CurrentIteration")
    client.call("POST", "/Platform/_apis/wit/wiql", query)


@pytest.mark.parametrize(
    "macro", ["TeamAreas", "Follows", "MyRecentActivity", "RecentMentions", "RecentProjectActivity"]
)
def test_macros_about_what_is_not_simulated_say_so(client: Any, macro: str) -> None:
    field = "AreaPath" if macro == "TeamAreas" else "Id"
    query = {"query": f"{IDS}[System.{field}] IN (@{macro.lower()})"}
    refused = client.send("POST", "/Platform/_apis/wit/wiql", query)
    assert refused.status_code == 400
    assert refused.headers["X-Simulator-Not-Simulated"] == f"the macro @{macro}"


def test_errors_over_http(client: Any) -> None:
    error = client.call("POST", "/_apis/wit/wiql", {"query": IDS + "[System.TeamProject] = @project"}, expect=400)
    assert error["typeKey"] == "VssPropertyValidationException"
    assert "«@project»" in error["message"]
    assert client.call("POST", "/_apis/wit/wiql", {}, expect=400)["typeKey"] == "ArgumentNullException"
    wrong_team = client.call("POST", "/Platform/Nobody/_apis/wit/wiql", {"query": IDS + "[System.Id] = 1"}, expect=404)
    assert wrong_team["typeKey"] == "TeamNotFoundException"
    assert wrong_team["message"] == (
        "The team with id 'Nobody' does not exist, or you do not have permission to access it."
    )
    client.call(
        "POST", "/Platform/Platform Team/_apis/wit/wiql", {"query": IDS + "[System.Id] = @CurrentIteration"}, 400
    )
