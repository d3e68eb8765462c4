"""Code and pull requests: where something is used, and whether a secret is in code."""

from azure_devops_agents.models import Call
from azure_devops_evals.case import Case
from azure_devops_evals.cases.statements import reported
from azure_devops_evals.checks import cites, saw, says, silent, verdict

_KEY = "[secret:account-key:a066e5f18f]"
_SAMPLE = "/tests/fixtures/storage.sample.env"

CASES = (
    Case(
        id="secret-in-code",
        area="code",
        question="Is a storage key in the code of the Payments project, and where else is the same key used?",
        steps=[
            [Call.to("search_code", text="AccountKey", project="Payments")],
            [Call.to("read_file", repository="checkout-service", path="/deploy/storage.env", project="Payments")],
            [Call.to("search_code", text=_KEY, project="Payments")],
            reported(
                "Yes: checkout-service holds a live key in /deploy/storage.env; nothing else in Payments does.",
                ("E2", f"AccountKey={_KEY}"), ("E3", "Payments\tcheckout-service\t/deploy/storage.env"),
                verdict="incident",
            ),
        ],
        checks=(
            verdict("incident"), says("/deploy/storage.env"), cites(_KEY), saw("search_code", _KEY),
        ),
    ),
    Case(
        id="hit-beside-a-secret",
        area="code",
        question="Which storage connection strings are in the code of Payments?",
        source="world",
        steps=[
            [Call.to("search_code", text="EndpointSuffix", project="Payments")],
            reported("One in /deploy/storage.env, and one in a sample.", ("E1", "/deploy/storage.env")),
        ],
        checks=(cites("/deploy/storage.env"), saw("search_code", "/deploy/storage.env")),
    ),
    Case(
        id="placeholder-is-no-secret",
        area="code",
        question=f"Is the storage key in {_SAMPLE} of checkout-service (Payments) a leak?",
        steps=[
            [Call.to("read_file", repository="checkout-service", path=_SAMPLE, project="Payments")],
            reported(
                "No: it is a placeholder for the local emulator, and the file says so.",
                ("E1", "The key below is a placeholder."), ("E1", "AccountKey=EXAMPLEKEYEXAMPLEKEY"),
                verdict="no_incident",
            ),
        ],
        checks=(verdict("no_incident"), cites("The key below is a placeholder."), silent("[secret:")),
    ),
    Case(
        id="who-still-uses-it",
        area="code",
        question="Which files in Platform still use the old name DB_TIMEOUT?",
        steps=[
            [Call.to("search_code", text="DB_TIMEOUT", project="Platform")],
            reported(
                "Three: azure-pipelines.yml and deploy/ci.env in platform-api, deployment.yaml in infrastructure.",
                ("E1", "/k8s/platform-api/deployment.yaml"), ("E1", "/azure-pipelines.yml"), ("E1", "/deploy/ci.env"),
            ),
        ],
        checks=(
            says("three"), cites("/k8s/platform-api/deployment.yaml", "/azure-pipelines.yml", "/deploy/ci.env"),
        ),
    ),
    Case(
        id="open-pull-requests",
        area="code",
        question="Which pull requests are open in Platform, and which of them is a draft?",
        steps=[
            [Call.to("list_pull_requests", project="Platform")],
            reported(
                "Six: 17, 16, 15, 11, 9 and 7; 17 is a draft.",
                ("E1", "6 pull requests"), ("E1", "17\tAdd a webhook for carrier events"),
                ("E1", "7\tGive reporting a larger connection pool"),
            ),
        ],
        checks=(
            says("17, 16, 15, 11, 9 and 7", "17 is a draft"),
            cites("Add a webhook for carrier events", "Give reporting a larger connection pool"),
        ),
    ),
)  # fmt: skip
