"""Whatever the service, the record or a person holds: no command prints hidden characters or pipeline commands."""

import json

import httpx
import pytest
from agent_tokens import FULL
from click.testing import CliRunner
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from sarif_log import result, sarif
from stub_service import PERSON, Reply, StubService, ok

from azure_devops_agents.cli.main import group
from azure_devops_agents.cli.terminal import machine_readable, make_safe
from azure_devops_simulator import SimulatorServer, seed_organization
from langchain_azure_devops.safety import AuditLog
from langchain_azure_devops.settings import load_settings
from langchain_azure_devops.text import find_hidden

HOSTILE = (
    "\x1b[31mzqred\x1b]0;title\x07\x00\x01\x7f\x9b\u202e\u2066\u200b\ufeff\u2028\u0085\r\n##vso[task.setvariable "
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
    assert "zqred" in result.output or status != 200 or arguments[0] != "verify"
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


def hostile_organization():
    """An organization in which the titles and descriptions that people wrote are hostile."""
    hostile = HOSTILE.replace("\ud800", "")
    organization = seed_organization()
    organization.add_token(FULL)
    for item in organization.work_items:
        item.revision.fields["System.Title"] = item.revision.fields["System.Description"] = hostile
    for pull_request in organization.pull_requests.values():
        pull_request.title = pull_request.description = hostile
    return organization


@pytest.mark.parametrize(
    "arguments",
    [["investigate", "Show work item 4."], ["investigate", "--json", "Show work item 4."],
     ["investigate", "List the open pull requests."], ["audit", "review"]],
    ids=" ".join,
)  # fmt: skip
def test_what_people_wrote_is_cleaned(tmp_path, arguments):
    with SimulatorServer(hostile_organization()) as server:
        result = run(arguments, tmp_path, AZURE_DEVOPS_BASE_URL=server.base_url, AZURE_DEVOPS_PROJECT="Platform")
    assert "zqred" in result.stdout or arguments[0] == "audit"
    assert_clean(result.stdout)
    assert_clean(result.stderr)


def hostile_log():
    """A log in which every text of a scanner is hostile; each finding is in another file."""
    found = result(HOSTILE, HOSTILE, f"src/{HOSTILE}.py", 3, HOSTILE, partialFingerprints={HOSTILE: HOSTILE})
    linked = {**result("a", "{0}", "b.py"), "message": {"id": "m", "arguments": [HOSTILE]}}
    return sarif(
        found, linked, rules=[{"id": "a", "name": HOSTILE, "messageStrings": {"m": {"text": HOSTILE + "{0}"}}}]
    )


@pytest.mark.parametrize("apply", [(), ("--apply", "--yes")], ids=["plan", "apply"])
@pytest.mark.parametrize("surrogate", ["", "\ud800"], ids=["whole", "half"])
def test_what_a_scanner_says_is_cleaned(tmp_path, apply, surrogate):
    file = tmp_path / f"scan{HOSTILE.replace(chr(0), '').replace('/', '').replace(chr(0xD800), '')}.sarif"
    text = json.dumps(hostile_log()).replace("\\ud800", json.dumps(surrogate)[1:-1])
    file.write_text(text, encoding="utf-8")
    organization = seed_organization()
    organization.add_token(FULL)
    with SimulatorServer(organization) as server:
        for number in range(2):
            done = run(["automate", "findings", str(file), "--project", "Platform", *apply], tmp_path,
                       AZURE_DEVOPS_BASE_URL=server.base_url)  # fmt: skip
            assert_clean(done.stdout)
            assert_clean(done.stderr)
            assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
            if surrogate:
                # Half a character makes no JSON that anybody can read. The file is refused, and says why.
                assert done.stderr.startswith("[invalid InvalidRequest sarif]\n")
            else:
                assert "task.setvariable" in done.stdout
                assert f"Plan: {0 if apply and number else 2} to create" in done.stdout


@pytest.mark.parametrize("content", [HOSTILE, "{}", '{"version": "2.1.0", "runs": [{"tool": {"%s": 1}}]}'], ids=ascii)
def test_what_is_wrong_with_a_file_of_a_scanner_is_cleaned(tmp_path, content):
    hostile = HOSTILE.replace("\ud800", "")
    file = tmp_path / f"scan{hostile.replace(chr(0), '').replace('/', '')}.sarif"
    file.write_text(content.replace("\ud800", "") % json.dumps(hostile)[1:-1] if "%s" in content else hostile)
    done = run(["automate", "findings", str(file), "--project", hostile], tmp_path)
    assert done.exit_code != 0
    assert_clean(done.output)


@pytest.mark.parametrize("question", ["Show work item 4.", "List the open pull requests.", "/evidence E1", HOSTILE])
def test_a_conversation_is_cleaned(tmp_path, question):
    typed = "".join(character for character in question if character.isprintable())
    with (
        SimulatorServer(hostile_organization()) as server,
        create_pipe_input() as keyboard,
        create_app_session(input=keyboard, output=DummyOutput()),
    ):
        keyboard.send_text(f"Show work item 4.\r{typed}\r/evidence\r/evidence E1\r/report\r/tools\r/quit\r")
        done = run(["chat"], tmp_path, AZURE_DEVOPS_BASE_URL=server.base_url, AZURE_DEVOPS_PROJECT="Platform")
    assert done.exit_code == 0, done.output
    assert "zqred" in done.stdout
    assert "is kept" in done.stdout
    assert_clean(done.stdout)
    assert_clean(done.stderr)


def test_a_review_of_hostile_rows_is_cleaned(tmp_path):
    hostile = HOSTILE.replace("\ud800", "")
    organization = seed_organization()
    organization.add_token(FULL)
    with SimulatorServer(organization) as server:
        made = httpx.post(
            f"{server.base_url}/Platform/_apis/wit/workitems/$Bug?api-version=7.1", auth=("", FULL),
            headers={"Content-Type": "application/json-patch+json"},
            content=json.dumps([{"op": "add", "path": "/fields/System.Title", "value": "x"}]),
        ).json()["id"]  # fmt: skip
        for item in organization.work_items:
            item.revision.fields["System.Title"] = item.revision.fields["System.WorkItemType"] = hostile
        settings = load_settings(base_url=server.base_url, pat=FULL, environ={})
        log = AuditLog(tmp_path / "audit.jsonl")
        about = {"organization": settings.organization, "made": hostile, "result": {"id": 7, "title": hostile}}
        log.record("written", about)
        done = run(["audit", "review"], tmp_path, AZURE_DEVOPS_BASE_URL=server.base_url)
    assert f"work item {made}: " in done.stdout
    assert "zqred" in done.stdout.partition("In the record and not found")[0]
    assert "zqred" in done.stdout.partition("In the record and not found")[2]
    assert_clean(done.stdout)
    assert_clean(done.stderr)


def test_the_same_holds_for_each_text_that_is_printed():
    assert_clean(make_safe(HOSTILE))
    printed = machine_readable({HOSTILE: [HOSTILE, {"a": (HOSTILE, 1, None)}]})
    assert printed.isascii()
    assert_clean(printed)
    assert all(find_hidden(text.replace("\n", "")) == [] for text in all_texts(json.loads(printed)))
