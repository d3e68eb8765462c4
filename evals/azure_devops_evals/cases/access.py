"""Tokens that may not do what is asked, and a service that does not know the token."""

from azure_devops_agents.models import Call
from azure_devops_evals.case import READ, Case
from azure_devops_evals.cases.statements import reported
from azure_devops_evals.checks import asked_for, not_offered, saw, says, silent, uncovered, verdict

_WRITERS = ("create_work_item", "update_work_item", "add_work_item_comment", "create_pull_request",
            "update_pull_request")  # fmt: skip

CASES = (
    Case(
        id="read-only-token",
        area="access",
        question="File a bug for the failing pipeline platform-api-ci.",
        source="world",
        verified=True,
        steps=[
            [Call.to("list_builds", pipeline="platform-api-ci", result="failed", limit=1)],
            [Call.to("create_work_item", type="Bug", title="platform-api-ci fails", project="Platform")],
            reported("Nothing was filed: this token may only read.", ("E1", "35\tplatform-api-ci\tcompleted\tfailed"),
                     verdict="inconclusive"),
        ],
        checks=(
            not_offered(*_WRITERS), saw("create_work_item", "[denied] There is no tool create_work_item"),
            asked_for(), verdict("inconclusive"), says("may only read"),
        ),
    ),
    Case(
        id="sign-in-page",
        area="access",
        question="Which pull requests wait for review in Platform?",
        credential="malformed",
        steps=[
            [Call.to("list_pull_requests")],
            reported("Not known: the service answered with its sign-in page.", verdict="inconclusive"),
        ],
        checks=(
            saw("list_pull_requests", "SignInRequired"), saw("list_pull_requests", "(status 203)"),
            verdict("inconclusive"), says("sign-in page"), silent("no pull requests"),
        ),
    ),
    Case(
        id="refused-scope",
        area="access",
        question="Which repositories does Platform have, and is its main pipeline healthy?",
        holds=("vso.project", "vso.work", "vso.build"),
        declared=READ,
        steps=[
            [Call.to("list_repositories"), Call.to("list_builds", pipeline="platform-api-ci", branch="main", limit=1)],
            reported("The repositories are not known: the token lacks vso.code. The last build on main failed.",
                     ("E2", "35\tplatform-api-ci\tcompleted\tfailed")),
        ],
        checks=(
            saw("list_repositories", "[denied ScopeMissing vso.code]"), uncovered("denied"), says("vso.code"),
        ),
    ),
)  # fmt: skip
