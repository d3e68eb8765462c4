"""The saved queries of the seed organization."""

from __future__ import annotations

from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.values import guid
from azure_devops_simulator.state.work_items.queries import SHARED, SavedQuery

_OPEN_BUGS = (
    "SELECT [System.Id], [System.Title], [System.State], [Microsoft.VSTS.Common.Severity] FROM WorkItems "
    "WHERE [System.TeamProject] = @project AND [System.WorkItemType] = 'Bug' AND [System.State] <> 'Closed' "
    "ORDER BY [Microsoft.VSTS.Common.Priority], [System.Id]"
)
_TREE = (
    "SELECT [System.Id], [System.Title], [System.State] FROM WorkItemLinks "
    "WHERE [Source].[System.TeamProject] = @project AND [Source].[System.WorkItemType] IN ('Feature', 'User Story') "
    "AND [System.Links.LinkType] = 'System.LinkTypes.Hierarchy-Forward' "
    "AND [Target].[System.TeamProject] = @project ORDER BY [System.Id] MODE (Recursive)"
)
_RELATED = (
    "SELECT [System.Id], [System.Title], [System.State] FROM WorkItemLinks "
    "WHERE [Source].[System.TeamProject] = @project AND [System.Links.LinkType] = 'System.LinkTypes.Related' "
    "ORDER BY [System.Id] MODE (MustContain)"
)
_SPRINT = (
    "SELECT [System.Id], [System.Title], [System.State] FROM WorkItems "
    "WHERE [System.TeamProject] = @project AND [System.IterationPath] = @CurrentIteration('[Platform]\\Platform Team') "
    "ORDER BY [System.Id]"
)
_QUERIES: tuple[tuple[str, str | None], ...] = (
    ("Open bugs", _OPEN_BUGS),
    ("Planning", None),
    ("Planning/Current sprint", _SPRINT),
    ("Planning/Features and their work", _TREE),
    ("Planning/Related items", _RELATED),
)


def seed_queries(organization: Organization) -> None:
    """Add the shared queries of the project Platform."""
    project = next(each for each in organization.projects.values() if each.name == "Platform")
    author, store = organization.named("Priya Raman"), organization.work_items.queries
    ids = {"": store.root(project, author, SHARED).id}
    for path, wiql in _QUERIES:
        folder, _, name = path.rpartition("/")
        number = ids[path] = guid(f"query/Platform/{path}")
        when = project.last_update
        store.items[number] = SavedQuery(number, name, project, ids[folder], "", wiql, author.id, when, author.id, when)
