"""Every example runs as a process of its own, and what it did is looked up in the simulator."""

import json
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from azure_devops_agents.models.scripted import Call
from azure_devops_evals.live.openai_server import OpenAIServer, Turn
from azure_devops_simulator import difference, export_world
from langchain_azure_devops import TOOLS

EXAMPLES = Path(__file__).parents[3] / "agents" / "examples"
QUESTION = "File two bugs about the pipeline."
TWO_BUGS = [
    [Call.to("list_builds", pipeline="platform-api-ci", result="failed")],
    [
        Call.to("create_work_item", type="Bug", title="The pipeline fails"),
        Call.to("create_work_item", type="Bug", title="The pipeline is slow"),
    ],
]


def test_every_write_of_an_agent_is_approved_in_the_terminal(run, model, titles):
    asked = model({QUESTION: TWO_BUGS}).requests
    done = run("approve_in_the_terminal.py", QUESTION, typed="yes\nno\n")
    assert "The pipeline fails" in titles()
    assert "The pipeline is slow" not in titles()
    assert "Organization:" in done.stdout
    assert "tidewater" in str(asked[0]["messages"][0]["content"]), "the prompt names the organization"
    results = [str(message["content"]) for message in asked[-1]["messages"] if message["role"] == "tool"]
    assert "did not approve" in results[-1]


def test_a_deep_agent_writes_what_was_approved(run, model, titles):
    model({QUESTION: TWO_BUGS})
    run("deep_agent.py", QUESTION, typed="yes\nno\n")
    assert "The pipeline fails" in titles()
    assert "The pipeline is slow" not in titles()


@pytest.mark.parametrize("typed", ["yes\n", "no\n"])
def test_the_write_of_a_subagent_is_asked_about_as_well(run, model, titles, typed):
    delegate = Call.to("task", description="File the bug.", subagent_type="general-purpose")
    write = Call.to("create_work_item", type="Bug", title="The pipeline fails")
    model({QUESTION: [[delegate]], "File the bug.": [[write]]})
    assert "title: The pipeline fails" in run("deep_agent.py", QUESTION, typed=typed).stdout
    assert ("The pipeline fails" in titles()) is (typed == "yes\n")


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_later_process_answers_what_the_own_graph_asked(run, model, titles, decision):
    model({QUESTION: [[Call.to("create_work_item", type="Bug", title="The pipeline fails")]]})
    done = run("own_graph.py", "ask", QUESTION)
    assert "title: The pipeline fails" in done.stdout
    assert "The pipeline fails" not in titles()
    run("own_graph.py", decision)
    assert ("The pipeline fails" in titles()) is (decision == "approve")


def test_an_own_tool_writes_what_its_rule_approves(run, variables, azure_devops_organization):
    variables["AZURE_DEVOPS_SCOPES"] = "vso.build_execute"
    build = azure_devops_organization.organization.builds.builds[35]
    done = run("custom_tool.py", "35", "triaged")
    assert "triaged" in done.stdout
    assert "[blocked WriteBlocked" in run("custom_tool.py", "35", "anything").stdout
    assert list(build.tags) == ["triaged"]


def test_an_own_tool_is_left_out_when_the_token_may_not_use_it(run, variables, azure_devops_organization):
    variables["AZURE_DEVOPS_PAT"] = azure_devops_organization.read_only_pat
    assert "add_build_tag is left out" in run("custom_tool.py", "35", "triaged").stdout
    assert not azure_devops_organization.organization.builds.builds[35].tags


REVIEW = {
    "summary": "Do not merge. ![pixel](https://collect.evil.example/x)",
    "remarks": [{"path": "/src/app.py", "line": 3, "severity": "blocker", "text": "##vso[task.setvariable]x"}],
}


def test_the_reviewer_reads_and_cannot_write(run, model, azure_devops_organization):
    number = next(iter(azure_devops_organization.organization.pull_requests.values())).id
    question = f"Review pull request {number} in the repository platform-api."
    steps = [
        [Call.to("get_pull_request", ids=[number], include=["files", "threads"])],
        [Call(name="Review", arguments=REVIEW)],
    ]
    asked = model({question: steps}).requests
    done = run("pull_request_reviewer.py", "platform-api", str(number), code=1)
    offered = {tool["function"]["name"] for tool in asked[0]["tools"]}
    assert "get_pull_request" in offered
    assert not {name for name in offered if name != "Review" and TOOLS[name].access == "write"}
    assert "blocker: /src/app.py:3" in done.stdout
    assert "##vso" not in done.stdout
    assert "](https:" not in done.stdout


def test_the_job_of_a_pipeline_explains_its_failure_and_writes_nothing(variables, tmp_path, azure_devops_organization):
    text = EXAMPLES.joinpath("pipeline_triage.yml").read_text(encoding="utf-8")
    (job,) = yaml.safe_load(text)["jobs"]
    (step,) = [step for step in job["steps"] if "SYSTEM_ACCESSTOKEN" in step.get("env", {})]
    assert step["env"]["SYSTEM_ACCESSTOKEN"] == "$(System.AccessToken)"
    shutil.copy(EXAMPLES / "pipeline_triage.py", tmp_path)
    own = azure_devops_organization
    # What Azure Pipelines sets, and what the YAML maps.
    given = {"System.AccessToken": variables.pop("AZURE_DEVOPS_PAT"), "OPENAI_API_KEY": "made-up"}
    mapped = {name: given[value[2:-1]] for name, value in step["env"].items() if value.startswith("$(")}
    runs = {"SYSTEM_TEAMPROJECT": variables.pop("AZURE_DEVOPS_PROJECT"), "BUILD_BUILDID": "35"}
    variables |= {**mapped, **runs, "AGENT_TEMPDIRECTORY": str(tmp_path)}
    before = export_world(own.organization)

    def answer(asked):
        if asked["messages"][-1]["role"] == "user":
            return Turn([("get_build", '{"ids": [35]}')])
        return Turn(text="The template is missing. ##vso[task.setvariable variable=x]y")

    with OpenAIServer(answer) as server:
        variables["OPENAI_BASE_URL"] = server.base_url
        command = ["bash", "-c", step["script"]]
        done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, check=True)
    offered = {tool["function"]["name"] for tool in server.requests[0]["tools"]}
    assert "get_build_log" in offered
    assert not {name for name in offered if TOOLS[name].access == "write"}
    read = [message["content"] for message in server.requests[-1]["messages"] if message["role"] == "tool"]
    assert "platform-api-ci" in read[0]
    assert "The template is missing." in (tmp_path / "triage.md").read_text(encoding="utf-8")
    commands = [line for line in done.stdout.splitlines() if "##vso" in line]
    assert commands == [f"##vso[task.uploadsummary]{tmp_path / 'triage.md'}"]
    assert difference(before, export_world(own.organization)) == {}


USERS = {"token-of-dana": "dana", "token-of-priya": "priya"}


def until(ready):
    """Wait for what comes in its own time; the test's own limit ends a wait that is in vain."""
    while not (found := ready()):
        time.sleep(0.05)
    return found


@contextmanager
def serve(variables):
    """Run the web service in a process of its own; yields a client of each user."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(EXAMPLES / "web_service.py"), str(port)]
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(
                command,
                env={**variables, "USER_TOKENS": json.dumps(USERS)},
            )
        )
        stack.callback(process.terminate)

        def client(token):
            headers = {"Authorization": f"Bearer {token}"}
            return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=100, trust_env=False)

        users = [stack.enter_context(client(token)) for token in [*USERS, "unknown"]]
        until(lambda: answers(users[0], process))
        yield users


def answers(user, process):
    assert process.poll() is None, "the service ended"
    try:
        return user.get("/questions/0").status_code == 404
    except httpx.ConnectError:
        return False


def test_each_user_of_a_web_service_approves_only_their_own_writes(variables, model, titles):
    def bug(title):
        return [[Call.to("create_work_item", type="Bug", title=title)]]

    model({"File mine.": bug("The bug of Dana"), "File it.": bug("The bug of Priya")})
    with serve(variables) as (dana, priya, stranger):
        assert stranger.post("/questions", json={"question": "File mine."}).status_code == 401
        first = f"/questions/{dana.post('/questions', json={'question': 'File mine.'}).json()['number']}"
        second = f"/questions/{priya.post('/questions', json={'question': 'File it.'}).json()['number']}"
        ((mine, shown),) = until(lambda: dana.get(first).json()["writes"]).items()
        ((hers, _),) = until(lambda: priya.get(second).json()["writes"]).items()
        assert "title: The bug of Dana" in shown
        assert priya.get(first).status_code == 404
        assert priya.post(f"{first}/writes", json={mine: True}).status_code == 404
        assert priya.post(f"{second}/writes", json={mine: True}).json() == {"decided": 0}
        assert dana.post(f"{first}/writes", json={mine: "yes"}).status_code == 422
        assert dana.post(f"{first}/writes", json={mine: True, hers: True}).json() == {"decided": 1}
        assert until(lambda: dana.get(first).json()["answer"])
        assert "The bug of Dana" in titles()
        assert "The bug of Priya" not in titles()
        assert priya.post(f"{second}/writes", json={hers: False}).json() == {"decided": 1}
        assert until(lambda: priya.get(second).json()["answer"])
        assert "The bug of Priya" not in titles()


def test_no_example_is_left_out():
    programs = sorted(path.name for path in EXAMPLES.glob("*.py"))
    # The programs for a LangGraph server run beside one.
    tests = [Path(__file__), *(Path(__file__).parents[1] / "server").glob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in tests)
    assert len(programs) >= 5
    # A server loads its program by the configuration of the same name.
    names = {name: (f'"{name}"', f'"{Path(name).stem}.json"') for name in programs}
    assert [name for name, written in names.items() if not any(each in text for each in written)] == []
