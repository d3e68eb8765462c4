"""Additions to the seeded organization, so that the examples of the tools show every field of an answer."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from azure_devops_simulator import Organization, build_organization
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.tools import TOOLS

OTHERS_TOKEN = "notasecretnotasecretnotasecretnotasecretnotasecret23"  # noqa: S105 - opens a made-up organization only
"""The token of another account."""
SCOPES = (
    "vso.project", "vso.identity", "vso.code", "vso.work", "vso.build", "vso.work_write", "vso.code_manage",
    "vso.build_execute", "vso.test", "vso.variablegroups_read", "vso.serviceendpoint", "vso.agentpools",
    "vso.wiki", "vso.wiki_write",
)  # fmt: skip
UPLOADS = Path(__file__).with_name("uploads")
"""The folder from which attacked tools may attach files; it has the file of the example of `upload_attachment`."""

SUPPLEMENTS: Sequence[tuple[str, str, Mapping[str, JsonValue]]] = (
    ("/pullrequests/9/iterations/", "changeEntries", {"originalPath": "/src/former.py"}),
    ("/commits/5b10d43cd7b1c81a66b46d8553e224fc8f72f434/changes", "changes", {"sourceServerItem": "/src/former.py"}),
    ("/diffs/commits", "changes", {"sourceServerItem": "/src/former.py"}),
    (
        "/pullrequests/9/iterations",
        "value",
        {"oldTargetRefName": "refs/heads/old", "newTargetRefName": "refs/heads/main"},
    ),
)
"""Fields that no answer of the seeded organization has.

Each entry is a part of the request's path, the list in the answer, and the fields to add to its rows.
"""


def prepare(organization: Organization) -> None:
    """Add a comment to a link of work item 8, and policies and statuses to pull request 11; the seed has none."""
    organization.work_items.items[8].all_relations[0].comment = "see here"
    repository = build_organization(organization).project("Platform").repository("infrastructure")
    repository.add_policy("required-reviewers", reviewers=["Dana Ortiz"], settings={"message": "Dana knows the hosts."})
    repository.add_policy("status", settings={"statusName": "plan", "statusGenre": "terraform"})
    pull = repository.pull_request(11).set_auto_complete(by="Priya Raman")
    pull.add_status("plan", "failed", genre="terraform", description="2 to destroy", url="https://plan.example/2")


OTHER_VALUES: Mapping[str, tuple[JsonValue, JsonValue]] = {
    "title": ("One title", "Quite another title"),
    "description": ("One description.", "Quite another description."),
    "text": ("One remark.", "Quite another remark."),
    "state": ("Resolved", "Closed"),
    "assigned_to": ("Tom Becker", "Mina Sato"),
    "area": ("Platform\\Team Lighthouse", "Platform"),
    "iteration": ("Platform\\Sprint 40", "Platform\\Sprint 41"),
    "tags": ("one; two", "three"),
    "fields": (
        {"name": "Microsoft.VSTS.Common.Priority", "value": "2"},
        {"name": "Microsoft.VSTS.Common.Priority", "value": "3"},
    ),
    "draft": (True, False),
    "parent": (8, 13),
    "links": ("work_item:8", "work_item:13"),
    "work_items": (8, 13),
    "message": ("One message", "Quite another message"),
    "updates": (
        {"id": 20, "revision": 1, "title": "One title"},
        {"id": 20, "revision": 1, "title": "Quite another title"},
    ),
    "children": ({"type": "Task", "title": "One title"}, {"type": "Task", "title": "Quite another title"}),
    "start": ("2026-12-12", "2026-12-13"),
    "finish": ("2026-12-26", "2026-12-27"),
    "column": ("Resolved", "Closed"),
    "row": ("Expedite", "(default)"),
    "content": ("One page.\n", "Quite another page.\n"),
    "edits": ({"old": "twice", "new": "three times"}, {"old": "twice", "new": "four times"}),
    "new_path": ("/Deployments/One", "/Deployments/Another"),
    "order": (0, 1),
}
"""Two values for each argument of a write that may have any value; an argument that is a list gets one of them."""
OTHER_FORMS: Mapping[str, tuple[JsonValue, JsonValue]] = {
    "links": ({"target": "work_item:17"}, {"target": "work_item:18"}),
    "parent": ("Platform\\Sprint 42", "Platform\\Sprint 43"),
}
"""Two values for arguments that take another form in some tools."""
FIXED = frozenset(
    {"id", "revision", "project", "repository", "source", "target", "status", "source_commit", "type"}
    | {"path", "line", "last_line", "side", "thread", "vote", "required", "optional", "remove", "add", "enabled"}
    | {"strategy", "delete_source_branch", "transition_work_items", "merge_message"}
    | {"branch", "tag", "commit", "base", "changes", "new_branch", "commits", "pull_request", "onto"}
    | {"pipeline", "version", "parameters", "variables", "skip_stages", "yaml_path", "default_branch", "folder"}
    | {"build", "stage", "all_jobs", "name", "comment", "approval", "decision", "work_item", "template", "team"}
    | {"board", "done", "wiki"}
)
"""The arguments of writes whose value decides what is written to, or which the seeded organization fixes."""


def other_values(tool: str, argument: str) -> tuple[JsonValue, JsonValue]:
    """Return two values for an argument of a tool, in the form that it takes."""
    listed = str(TOOLS[tool].parameters.model_fields[argument].annotation).startswith("list[")
    for known in (OTHER_VALUES, OTHER_FORMS):
        one, other = known[argument]
        pair: tuple[JsonValue, JsonValue] = ([one], [other]) if listed else (one, other)
        with suppress(InvalidRequest):
            TOOLS[tool].validate(call_with(tool, argument, pair[0]))
            return pair
    raise LookupError(f"No values fit to {argument} of {tool}.")


def call_with(tool: str, argument: str, value: JsonValue) -> dict[str, Any]:
    """Return the example of a tool with this value of an argument.

    A change sends this value, and beside it only what it cannot do without: nothing else may tell it from another one.
    """
    parameters = TOOLS[tool].parameters.model_fields
    kept = {
        name: given
        for name, given in TOOLS[tool].examples[0].items()
        if TOOLS[tool].makes or name in FIXED or parameters[name].is_required()
    }
    return {**kept, argument: value}
