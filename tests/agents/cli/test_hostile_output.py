"""Whatever the service, the record or a person holds: no command prints hidden characters or pipeline commands."""

import json

import pytest
from agent_tokens import FULL
from click.testing import CliRunner
from stub_service import PERSON, Reply, StubService, ok

from azure_devops_agents.cli.main import group
from azure_devops_agents.cli.terminal import machine_readable, make_safe
from azure_devops_simulator import SimulatorServer, seed_organization
from langchain_azure_devops.safety import AuditLog
from langchain_azure_devops.text import find_hidden

HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07\x00\x01\x7f\x9b\u202e\u2066\u200b\ufeff\u2028\u0085\r\n##vso[task.setvariable "
    "variable=a]b\n##[group]x\n::set-output name=a::b\n\U000e0041\u00ad\ud800 end"
)


def run(arguments, tmp_path, **variables):
    environment = {
        "AZURE_DEVOPS_PAT": FULL, "AZURE_DEVOPS_AUDIT": str(tmp_path / "audit.jsonl"), "XDG_STATE_HOME": str(tmp_path),
        "AZURE_DEVOPS_ORG": "", "OPENAI_API_KEY": "", "OPENAI_BASE_URL": "", **variables,
    }  # fmt: skip
    return CliRunner().invoke(group, arguments, env=environment)


def assert_clean(text):
    text.encode()
    assert find_hidden(text.replace("\t", "")) == [], ascii(text)
    assert "##vso[" not in text
    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def all_texts(value):
    if isinstance(value, str):
        yield value
    for part in value.items() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from all_texts(part)


@pytest.mark.parametrize("arguments", [["verify"], ["verify", "--json"], ["tools"], ["tools", "--json"]], ids=" ".join)
@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
def test_what_the_service_calls_people_and_projects_is_cleaned(tmp_path, arguments, status):
    hostile = HOSTILE.replace("\ud800", "")
    person = json.loads(json.dumps(PERSON))
    person["authenticatedUser"]["providerDisplayName"] = hostile
    person["authenticatedUser"]["properties"]["Account"]["$value"] = hostile

    def answer(seen):
        if "connectionData" in seen.target:
            return ok(person)
        if status == 200:
            return ok({"count": 1, "value": [{"id": "1", "name": hostile, "state": "wellFormed"}]})
        return Reply(
            status, {"message": hostile, "typeKey": f"X{hostile}Exception"}, {"X-VSS-UserData": f"1:{hostile[:4]}"[:2]}
        )

    with StubService(answer) as service:
        result = run(arguments, tmp_path, AZURE_DEVOPS_BASE_URL=service.base_url)
    assert "red" in result.output or status != 200 or arguments[0] != "verify"
    assert_clean(result.stdout)
    assert_clean(result.stderr)
    if "--json" in arguments and result.stdout:
        for text in all_texts(json.loads(result.stdout)):
            assert find_hidden(text.replace("\n", "")) == []


@pytest.mark.parametrize("arguments", [["show"], ["show", "--json"], ["verify"]], ids=" ".join)
def test_what_the_record_holds_is_cleaned(tmp_path, arguments):
    hostile = HOSTILE.replace("\ud800", "")
    log = AuditLog(tmp_path / "audit.jsonl")
    log.record("denied", {"tool": hostile, "reason": hostile, "arguments": {hostile: [hostile]}})
    result = run(["audit", *arguments], tmp_path)
    assert_clean(result.output)


@pytest.mark.parametrize(
    "arguments",
    [["investigate", "Show work item 4."], ["investigate", "--json", "Show work item 4."],
     ["investigate", "List the open pull requests."], ["audit", "review"]],
    ids=" ".join,
)  # fmt: skip
def test_what_people_wrote_is_cleaned(tmp_path, arguments):
    hostile = HOSTILE.replace("\ud800", "")
    organization = seed_organization()
    organization.add_token(FULL)
    for item in organization.work_items:
        item.revision.fields["System.Title"] = item.revision.fields["System.Description"] = hostile
    for pull_request in organization.pull_requests.values():
        pull_request.title = pull_request.description = hostile
    with SimulatorServer(organization) as server:
        result = run(arguments, tmp_path, AZURE_DEVOPS_BASE_URL=server.base_url, AZURE_DEVOPS_PROJECT="Platform")
    assert "red" in result.stdout or arguments[0] == "audit"
    assert_clean(result.stdout)
    assert_clean(result.stderr)


def test_the_same_holds_for_each_text_that_is_printed():
    assert_clean(make_safe(HOSTILE))
    printed = machine_readable({HOSTILE: [HOSTILE, {"a": (HOSTILE, 1, None)}]})
    assert printed.isascii()
    assert_clean(printed)
    assert all(find_hidden(text.replace("\n", "")) == [] for text in all_texts(json.loads(printed)))
