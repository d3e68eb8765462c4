"""A call of every tool whose answer has all that such an answer may have."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from azure_devops_simulator import Organization

SCOPES = ("vso.project", "vso.code", "vso.work", "vso.build", "vso.work_write", "vso.code_write")

SAMPLES: Mapping[str, Sequence[Mapping[str, JsonValue]]] = {
    "list_projects": ({},),
    "list_repositories": ({},),
    "list_branches": ({"repository": "platform-api"},),
    "list_repository_files": ({"repository": "platform-api", "depth": 20},),
    "read_repository_file": ({"repository": "docs", "path": "/README.md", "version": "main"},),
    "list_pull_requests": ({},),
    "get_pull_request": (
        {"id": 16, "include": ["files", "threads", "diff"]},
        {"id": 9, "include": ["files", "threads", "diff"]},
    ),
    "create_pull_request": (
        {"repository": "platform-api", "source": "feature/async-sqlalchemy", "target": "main", "title": "Rota"},
    ),
    "update_pull_request": ({"id": 16, "title": "Another title"},),
    "query_work_items": ({"fields": ["System.AreaPath"]},),
    "get_work_item": ({"id": 4, "comments": True}, {"id": 8, "comments": True}, {"id": 8}),
    "create_work_item": ({"type": "Bug", "title": "Broken", "assigned_to": "Tom Becker", "tags": ["a"]},),
    "update_work_item": ({"id": 4, "revision": 5, "title": "Another title"},),
    "add_work_item_comment": ({"id": 4, "text": "Noted."},),
    "list_pipelines": ({},),
    "list_builds": ({},),
    "get_build": ({"id": 37}, {"id": 32}, {"id": 27}),
    "get_build_log": ({"build": 37}, {"build": 35, "contains": "error"}, {"build": 37, "first_line": 1}),
    "search_code": ({"text": "port"},),
}
"""The arguments of one or several calls, by tool."""


SUPPLEMENTS: Sequence[tuple[str, str, Mapping[str, JsonValue]]] = (
    ("/pullrequests/9/iterations/", "changeEntries", {"originalPath": "/src/former.py"}),
)
"""What no answer of the seeded organization has: part of the request's path, the list in the answer, what to add to
its rows."""


def prepared(organization: Organization) -> None:
    """Let somebody comment on a link of work item 8, as nobody does in the seed."""
    organization.work_items.items[8].all_relations[0].comment = "see here"
