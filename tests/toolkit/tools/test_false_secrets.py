"""A text that calls ordinary things secret makes none of them unreadable, and blocks no honest write."""

import pytest
from tool_calls import FULL, connected, hostile

from azure_devops_simulator import SimulatorServer, seed_organization
from langchain_azure_devops import TOOLS
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.calls.approval import check_content
from langchain_azure_devops.errors import WriteBlocked
from langchain_azure_devops.safety.allowed_targets import ContentPolicy
from langchain_azure_devops.safety.content_policy import find_violations

DECLARATIONS = (
    "::add-mask::{}",
    "##vso[task.setvariable variable=a;issecret=true]{}",
    "Server=db;Password={};User=svc;",
    "see https://svc:{}@db.example.com/x",
    'password = "{}"',
    "##vso[task.setsecret]{}",
    "curl -u svc:{} db",
)
READS = (
    ("list_projects", {}),
    ("list_repositories", {}),
    ("list_branches", {"repository": "platform-api"}),
    ("list_tags", {"repository": "platform-api"}),
    ("list_commits", {"repository": "platform-api"}),
    ("list_pushes", {"repository": "platform-api"}),
    ("list_repository_files", {"repository": "platform-api"}),
    ("list_pull_requests", {}),
    ("get_pull_request", {"ids": [16]}),
    ("query_work_items", {}),
    ("get_work_item", {"ids": [4]}),
    ("list_pipelines", {}),
    ("list_builds", {}),
)
ORDINARY = (
    "platform-api", "refs/heads/main", "azure-pipelines.yml", "README.md", "2026-11-", "2026-11-27T09:14:03Z", "123456",
    "WorkItemNotFound", "Microsoft.VSTS.Common.Priority", "System.AreaPath", "created_by", "User Story", "Platform",
    "the tests fail because of a timeout in the pipeline since the last release", "Timeout in the pipeline",
    "feature/AB#412-x9", "lodash@4.17.21", "net8-win11-x64-vs2022", "mia.keller@contoso.com", "sprint!12", "AB#412",
    "T!i#meout%inthe&pipeline", "Timeout-in-the-pipeline!1", "[conflict",
)  # fmt: skip
# These are secrets, or look like ones, but ordinary words are a part of them.
CARRIERS = (
    "Zx9kQ2mW7vB4nT6yTimeout-in-the-pipeline", "xoxb-Timeout-in-the-pipeline-since-the-last-release",
    "npm_TimeoutInThePipelineSinceTheLastRelease1", "Zx9kQ2mW7vB4nT6yMicrosoft.VSTS.Common.Priority",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJTimeoutInThePipelineSinceTheLastRelease.Zx9kQ2mW7vB4nT6yT",
)  # fmt: skip


@pytest.fixture
def organization():
    organization = seed_organization()
    organization.add_token(FULL)
    hostile(organization, "nothing yet")
    return organization


@pytest.fixture
def client(organization):
    with SimulatorServer(organization) as server, connected(server.base_url, FULL) as client:
        yield client


def read(client, name, arguments):
    message = bind(TOOLS[name], client).invoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
    assert message.status == "success", message.content
    return message.artifact


def read_all(client):
    return {name: read(client, name, arguments) for name, arguments in READS}


def names_in(value):
    """Every short text of the results: ids, names, commits, branches, dates, titles."""
    if isinstance(value, dict):
        return {name for part in value.values() for name in names_in(part)}
    if isinstance(value, list):
        return {name for part in value for name in names_in(part)}
    return {value} if isinstance(value, str) and 4 <= len(value) <= 120 and "\n" not in value else set()


def declare(organization, client, lines):
    """Have the client read the log of a build that holds these lines."""
    build = max(organization.builds.builds)
    organization.builds.builds[build].logs[1].messages = list(lines)
    read(client, "get_build_log", {"build": build, "log": 1, "first_line": 1, "last_line": len(lines)})


@pytest.mark.parametrize("declaration", DECLARATIONS)
def test_what_identifies_something_stays_readable_and_writable_whatever_a_text_calls_it(
    declaration, organization, client
):
    before = read_all(client)
    values = sorted(names_in({name: artifact["data"] for name, artifact in before.items()}) | set(ORDINARY))
    assert len(values) > 100
    declare(organization, client, [declaration.format(value) for value in (*values, *CARRIERS)])
    after = read_all(client)
    for name, artifact in before.items():
        assert (after[name]["data"], after[name]["urls"]) == (artifact["data"], artifact["urls"]), name
    commit = before["get_pull_request"]["data"]["source_commit"]
    for value in ["Timeout in the pipeline since the last release, sprint 12, release 2026", commit, *values]:
        policy_blocks_nothing(client, {"type": "Task", "title": value})
    update = {"id": 16, "status": "completed", "source_commit": commit}
    TOOLS["update_pull_request"].request(client, TOOLS["update_pull_request"].validate(update))
    read(client, "create_work_item", {"type": "Task", "title": f"Look at platform-api please, {commit}"})


def policy_blocks_nothing(client, arguments):
    """Fails when the write would be refused because of a secret; what the value says otherwise is its own matter."""
    policy = ContentPolicy((), secrets=client.secrets.values())
    assert not [found for found in find_violations(arguments, policy) if "secret" in found], arguments


def test_a_real_secret_beside_them_is_replaced_everywhere_and_blocked(organization, client):
    real = "Zx9kQ2mW7vB4nT6y"
    for declaration in DECLARATIONS:
        declare(organization, client, [declaration.format("platform-api"), declaration.format(real)])
    assert real not in client.secrets.redact(f"deploy --with {real} now")
    for part in (real, real[:11], real[3:14]):
        with pytest.raises(WriteBlocked, match="secret"):
            check_content(client, "create_work_item", {"type": "Task", "title": part}, lambda _: False)


def test_a_commit_is_read_and_merged_although_a_text_called_it_secret_before_it_was_seen(organization, client):
    with SimulatorServer(organization) as server, connected(server.base_url, FULL) as other:
        commit = read(other, "get_pull_request", {"ids": [16]})["data"]["source_commit"]
    declare(organization, client, [declaration.format(commit) for declaration in DECLARATIONS])
    update = {"id": 16, "status": "completed", "source_commit": commit}
    TOOLS["update_pull_request"].request(client, TOOLS["update_pull_request"].validate(update))
    with pytest.raises(WriteBlocked, match="secret"):
        check_content(client, "create_work_item", {"type": "Task", "title": f"see {commit}"}, lambda _: False)
    assert commit not in client.secrets.redact(f"see {commit}")
    assert read(client, "get_pull_request", {"ids": [16]})["data"]["source_commit"] == commit
    assert client.secrets.redact(f"see {commit}") == f"see {commit}"
    check_content(client, "create_work_item", {"type": "Task", "title": f"see {commit}"}, lambda _: False)
