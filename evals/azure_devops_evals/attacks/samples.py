"""Additions to the seeded organization, so that the examples of the tools show every field of an answer."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from azure_devops_simulator import Organization, build_organization

OTHERS_TOKEN = "notasecretnotasecretnotasecretnotasecretnotasecret23"  # noqa: S105 - opens a made-up organization only
"""The token of another account."""
SCOPES = (
    "vso.project", "vso.identity", "vso.code", "vso.work", "vso.build", "vso.work_write", "vso.code_manage",
    "vso.build_execute", "vso.test", "vso.variablegroups_read", "vso.serviceendpoint", "vso.agentpools",
)  # fmt: skip

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
    "area": ("Platform\\Team Harbor", "Platform"),
    "iteration": ("Platform\\Sprint 43", "Platform\\Sprint 41"),
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
}
"""Two values for each argument of a write that may have any value; an argument that is a list gets one of them."""
FIXED = frozenset(
    {"id", "revision", "project", "repository", "source", "target", "status", "source_commit", "type"}
    | {"path", "line", "last_line", "side", "thread", "vote", "required", "optional", "remove", "add", "enabled"}
    | {"strategy", "delete_source_branch", "transition_work_items", "merge_message"}
    | {"branch", "tag", "commit", "base", "changes", "new_branch", "commits", "pull_request", "onto"}
    | {"pipeline", "version", "parameters", "variables", "skip_stages", "yaml_path", "default_branch", "folder"}
    | {"build", "stage", "all_jobs", "name", "comment", "approval", "decision"}
)
"""The arguments of writes whose value decides what is written to, or which the seeded organization fixes."""
