"""How many tokens a model pays, counted by o200k_base on answers of the service's usual size."""

import json
from urllib.parse import unquote

import pytest
from calls import READ, call, connected, seed_with_tokens
from langchain_core.utils.function_calling import convert_to_openai_tool
from rs_bpe.bpe import openai
from stub_service import Reply, StubService, ok

from azure_devops_simulator import SimulatorServer
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsToolkit, load_settings
from langchain_azure_devops.binding import bind

ENCODING = openai.o200k_base()
PEOPLE = ("Dana Ortiz", "Priya Raman", "Tom Becker", "Mina Sato", "Luis Ferreira")
REPOSITORIES = ("platform-api", "infrastructure", "docs", "checkout-service")
SUBJECTS = (
    "Rename DB_TIMEOUT to DATABASE_TIMEOUT in settings",
    "Move PostgreSQL to zone-redundant high availability",
    "Retry carrier calls on 502 and 503",
    "Paginate the shipment search",
    "Round tax per line, not per order",
    "Cache port look-ups for a day",
    "Describe how a release is cut",
)
GUID = "5c7d1f52-0b6e-5d8a-9d27-3c1c0f6e{:04x}"
MOMENT = "2026-11-{:02}T{:02}:{:02}:07.1234567Z"


def tokens(text: str) -> int:
    return len(ENCODING.encode(text))


def person(number):
    name = PEOPLE[number % len(PEOPLE)]
    unique = name.lower().replace(" ", ".") + "@tidewater.example"
    return {"displayName": name, "uniqueName": unique, "id": GUID.format(number % len(PEOPLE))}


def moment(number):
    return MOMENT.format(1 + number % 28, number % 24, number * 7 % 60)


def pull_request(number):
    repository = REPOSITORIES[number % len(REPOSITORIES)]
    return {
        "pullRequestId": 4000 + number,
        "title": f"{SUBJECTS[number % len(SUBJECTS)]} ({number})",
        "createdBy": person(number),
        "repository": {
            "id": GUID.format(99),
            "name": repository,
            "project": {"id": GUID.format(1), "name": "Platform"},
        },
        "sourceRefName": f"refs/heads/feature/change-{number}",
        "targetRefName": "refs/heads/main",
        "status": "active",
        "isDraft": number % 9 == 0,
        "creationDate": moment(number),
        "reviewers": [{**person(number + 1), "vote": 10}],
        "mergeStatus": "succeeded",
        "description": "Long text that a list does not show. " * 10,
    }


def work_item(number):
    return {
        "id": number,
        "rev": 1 + number % 17,
        "fields": {
            "System.WorkItemType": ("Bug", "Task", "User Story")[number % 3],
            "System.Title": f"{SUBJECTS[number % len(SUBJECTS)]} ({number})",
            "System.State": ("New", "Active", "Resolved", "Closed")[number % 4],
            "System.AssignedTo": person(number),
            "System.Tags": "reliability; search" if number % 3 == 0 else "",
            "System.ChangedDate": moment(number),
        },
        "url": f"https://dev.azure.com/tidewater/_apis/wit/workItems/{number}",
    }


def build(number):
    return {
        "id": 70000 + number,
        "buildNumber": f"202611{1 + number % 28:02}.{number}",
        "definition": {"id": number % 4, "name": f"{REPOSITORIES[number % len(REPOSITORIES)]}-ci"},
        "status": "completed",
        "result": ("succeeded", "failed", "partiallySucceeded", "canceled")[number % 4],
        "sourceBranch": "refs/heads/main" if number % 3 else f"refs/pull/{4000 + number}/merge",
        "requestedFor": person(number),
        "queueTime": moment(number),
        "logs": {"url": "https://dev.azure.com/tidewater/logs"},
    }


def found_file(number):
    repository = REPOSITORIES[number % len(REPOSITORIES)]
    return {
        "fileName": f"settings_{number}.py",
        "path": f"/src/platform_api/tracking/settings_{number}.py",
        "matches": {"content": [{"charOffset": 41, "length": 10}, {"charOffset": 130, "length": 10}]},
        "project": {"name": "Platform", "id": GUID.format(1)},
        "repository": {"name": repository, "id": GUID.format(2), "type": "git"},
        "versions": [{"branchName": "main", "changeId": f"{number:040x}"}],
        "contentId": f"{number:040x}",
    }


FILE = b"""import os

# Seconds until a query ends.
DB_TIMEOUT = float(os.environ.get("DB_TIMEOUT", "30"))
PAGE_SIZE = 50

connection = connect(timeout=DB_TIMEOUT, retries=3)
"""


def answer(seen):
    target = unquote(seen.target)
    body = json.loads(seen.body) if seen.body else {}
    if "/wiql" in target:
        rows = [{"id": number} for number in range(200, 0, -1)]
        return ok({"queryType": "flat", "asOf": "2026-11-20T09:00:00Z", "workItems": rows})
    if "/workitemsbatch" in target:
        return ok({"count": len(body["ids"]), "value": [work_item(number) for number in body["ids"]]})
    if "/codesearchresults" in target:
        hits = [found_file(number) for number in range(body["$skip"], body["$skip"] + body["$top"])]
        return ok({"count": 50, "results": hits[:50], "infoCode": 0})
    if "/items" in target:
        return Reply(200, FILE, {"X-VSS-UserData": "id:dana"}, "application/octet-stream")
    if "/pullrequests" in target.lower():
        return ok({"value": [pull_request(number) for number in range(100, 0, -1)]})
    return ok({"value": [build(number) for number in range(100, 0, -1)]})


@pytest.fixture(scope="module")
def stub():
    with StubService(answer) as service:
        settings = load_settings(base_url=service.base_url, pat="stub-token", default_project="Platform")
        with AzureDevOps(settings) as client:
            yield client


def seen_by_a_model(client, name, arguments):
    message = bind(TOOLS[name], client).invoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
    assert message.status == "success", message.content
    return message


@pytest.mark.parametrize(
    ("name", "arguments", "rows", "most"),
    [
        ("list_pull_requests", {"limit": 100}, 100, 4_900),
        ("query_work_items", {"limit": 200}, 200, 8_000),
        ("list_builds", {"limit": 100}, 100, 3_900),
        ("search_code", {"text": "DB_TIMEOUT", "limit": 50}, 50, 5_000),
    ],
)
def test_lists_stay_within_their_budgets(stub, name, arguments, rows, most):
    message = seen_by_a_model(stub, name, arguments)
    assert len(message.artifact.items) == rows
    assert message.content.count("\n") >= rows + 3, "every row is shown"
    assert tokens(message.content) <= most


def test_all_default_tools_stay_within_their_budget():
    with AzureDevOpsToolkit(organization="tidewater", pat="stub-token", scopes="app_token") as toolkit:
        tools = [convert_to_openai_tool(tool, strict=True) for tool in toolkit.get_tools()]
    assert len(tools) == len(TOOLS)
    assert sum(tokens(json.dumps(tool, separators=(",", ":"))) for tool in tools) <= 3_000


@pytest.mark.parametrize(
    "arguments", [{}, {"log": 3}, {"log": 3, "contains": "ERROR"}], ids=["default", "tail", "words"]
)
def test_a_log_of_50_000_lines_stays_within_its_budget(arguments):
    with SimulatorServer(seed_with_tokens()) as server, connected(server.base_url, READ) as client:
        message = seen_by_a_model(client, "get_build_log", {"build": 37, **arguments})
        assert tokens(message.content) <= 1_500
        assert message.artifact.total_lines == 50_000
        assert call(client, "get_build_log", build=37, log=3, first_line=1, last_line=2).last_line == 2
