"""The recordings that are not the simulator's: written after the service's own answers, and agreeing with our facts."""

import json
import re

import httpx
import pytest
from click.testing import CliRunner
from contract_deviations import BODIES
from contract_specs import find, operations, problems
from official_facts import answers, errors

from azure_devops_evals.case import READ
from azure_devops_evals.cases import CASES
from azure_devops_evals.cli.main import group
from azure_devops_evals.recording.format import Recording
from azure_devops_evals.running.play import RECORDINGS
from azure_devops_evals.world.world import BASE_URL, TOKEN, World
from langchain_azure_devops.tools import TOOLS

OFFICIAL = [case for case in CASES if case.source == "official"]
EXCHANGES = [
    pytest.param(exchange, id=f"{case.id} {exchange.key.method} {exchange.key.path}")
    for case in OFFICIAL
    for exchange in Recording.load(RECORDINGS / f"{case.id}.json").exchanges
]
ID = re.compile(r"(?<=/)(\d+|[0-9a-f-]{36})(?=/|$)|(?<=repositories/)[^/]+")
NEWER = {"isInMaintenance": "of repositories; sent today, described by no version that we know"}
"""Members that no fact of ours names, and why they are there."""
REFUSED = {"count", "value"}
"""The members of a refusal by the service's router. The recorded traffic has none, but clients have reported it."""


def path_of(exchange):
    """The path behind `_apis/`, with `{id}` for a parameter, as our facts have it."""
    return ID.sub("{id}", exchange.key.path.partition("_apis/")[2]).lower()


def facts_about(exchange):
    """The answers that our facts have at the path of an exchange."""
    return [body for path, bodies in answers().items() if path == path_of(exchange) for body in bodies]


def members(value):
    if isinstance(value, dict):
        return set(value).union(*map(members, value.values()))
    return set().union(*map(members, value)) if isinstance(value, list) else set()


def test_every_tool_that_reads_is_answered_once():
    called = {call.name for case in OFFICIAL for step in case.steps for call in step}
    assert called - {"write_report"} == {name for name, tool in TOOLS.items() if tool.access == "read" and tool.default}
    assert 8 <= len(OFFICIAL) <= 12


@pytest.mark.parametrize("case", OFFICIAL, ids=lambda case: case.id)
def test_a_recording_says_that_it_is_not_the_simulator_s(case):
    provenance = Recording.load(RECORDINGS / f"{case.id}.json").provenance
    assert (provenance.source, provenance.world) == ("official", "")


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_no_answer_can_be_made_from_the_simulator(exchange):
    key = exchange.key
    query = [*key.query, ("api-version", "7.1")]
    headers = {"content-type": "application/json"} if key.body else {}
    async with httpx.AsyncClient(transport=World(READ).transport, base_url=BASE_URL, auth=("", TOKEN)) as http:
        answer = await http.request(key.method, key.path, params=query, content=key.body or None, headers=headers)
    assert (answer.status_code, answer.content) != (exchange.status, exchange.response().content)


@pytest.mark.parametrize("exchange", [p for p in EXCHANGES if p.values[0].kind == "body" and p.values[0].status == 200])
def test_an_answer_has_the_form_that_our_facts_say(exchange):
    known = set().union(*map(members, facts_about(exchange))) | NEWER.keys()
    shape = ("_apis", *path_of(exchange).replace("{id}", "*").split("/"))
    operation = find(operations(), exchange.key.method, shape, frozenset(name for name, _ in exchange.key.query))
    if operation is None:
        # The location service, which the contract leaves out.
        assert facts_about(exchange)
        assert members(exchange.content) <= known
        return
    assert operation.answers
    wrong = [
        problem
        for problem in problems(operation, 200, exchange.content)
        if not f"{operation.name}{problem}".endswith(tuple(BODIES))
        and not any(problem.endswith(f".{member}: unknown") for member in known)
    ]
    assert wrong == []


@pytest.mark.parametrize("exchange", [p for p in EXCHANGES if p.values[0].status >= 400])
def test_a_refusal_has_a_form_that_the_service_was_seen_to_use(exchange):
    same = [error for error in errors() if error["status"] == exchange.status]
    if exchange.kind == "text":
        assert any(error.get("text", "x")[:5] == str(exchange.content)[:5] for error in same)
        return
    forms = [set(error["json"]) for error in same if "json" in error]
    assert members(exchange.content) - {"Message"} == REFUSED or set(exchange.content) in forms
    keys = {error["json"].get("typeKey") for error in same if "json" in error}
    assert exchange.content.get("typeKey") in keys | {None}


def kinds(value, at=""):
    """Which members and kinds of values stand where."""
    if isinstance(value, dict):
        yield from ((at, f"has {name}") for name in value)
        for name, inside in value.items():
            yield from kinds(inside, f"{at}.{name}")
    elif isinstance(value, list):
        for inside in value:
            yield from kinds(inside, f"{at}[]")
    elif value is None or not isinstance(value, str) or re.match(r"\d{4}-\d\d-\d\dT", value):
        yield at, re.sub("[0-9]", "0", str(value)) if isinstance(value, str) else type(value).__name__


PLAIN = {
    "connectiondata": "who is signed in is told in one form",
    "git/repositories/{id}/pullrequests/{id}/workitems": "a list of ids and addresses",
    "test/runs": "the build of the case published none, and a list of nothing has one form",
}
"""Endpoints with answers that have only one form."""


def test_almost_all_endpoints_are_answered_in_a_way_that_no_recording_of_the_simulator_shows():
    shown: dict[str, dict[str, set]] = {}
    for case in CASES:
        for exchange in Recording.load(RECORDINGS / f"{case.id}.json").exchanges if case.source != "world" else ():
            if exchange.kind == "body" and exchange.status == 200:
                by = shown.setdefault(path_of(exchange), {"recording": set(), "official": set()})
                by[case.source].update(kinds(exchange.content))
    alike = {path for path, by in shown.items() if by["official"] and by["official"] <= by["recording"]}
    assert alike == set(PLAIN)


def test_refresh_leaves_the_recordings_as_they_are_and_record_refuses(tmp_path):
    case = OFFICIAL[0]
    path = tmp_path / f"{case.id}.json"
    document = json.loads((RECORDINGS / path.name).read_text())
    document["exchanges"][0]["status"] = 418
    path.write_text(json.dumps(document))
    options = ["--case", case.id, "--recordings", str(tmp_path)]
    done = CliRunner().invoke(group, ["refresh", *options, "--write"])
    assert done.exit_code == 0
    assert "1 recordings are written after the service's own answers and are left as they are.\n" in done.output
    assert json.loads(path.read_text()) == document
    refused = CliRunner().invoke(group, ["record", *options])
    assert refused.exit_code == 2
    assert "its answers are written by people" in refused.output
    assert json.loads(path.read_text()) == document


@pytest.mark.parametrize("option", [["--model", "openai:any"], ["--agent", "any:make"]])
def test_only_a_script_can_play_on_a_written_answer(option):
    done = CliRunner().invoke(group, ["run", "--case", OFFICIAL[0].id, *option])
    assert done.exit_code == 2
    assert "There is no organization behind the recordings" in done.output
