"""Parameters, variables and stages that are chosen for a run, and the expressions in the YAML that they change."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from azure_devops_simulator import Organization, export_world, import_world
from azure_devops_simulator.areas.builds.expansion import ParameterError, expand
from azure_devops_simulator.areas.builds.expressions import ExpressionError, evaluate

PIPELINES, BUILDS = "/Platform/_apis/pipelines", "/Platform/_apis/build/builds"

PIPELINE = """
parameters:
  - name: size
    default: small
    values: [small, large]
  - name: fast
    type: boolean
    default: false
  - name: regions
    type: object
    default: [north, south]
variables:
  colour: blue
stages:
  - stage: Build
    jobs:
      - job: Test
        steps:
          - script: echo ${{ parameters.size }} on $(colour) for $(who) by $(nobody)
            displayName: Print
          - ${{ if eq(parameters.fast, true) }}:
              - script: echo hurry
                displayName: Hurry
          - ${{ else }}:
              - script: echo rest
                displayName: Rest
          - ${{ each region in parameters.regions }}:
              - script: echo ${{ region }}
                displayName: Go ${{ region }}
  - stage: Deploy
    jobs:
      - job: Ship
        steps:
          - script: echo ship
            displayName: Ship
"""


def push(client: Any, organization: Organization, text: str) -> None:
    repository = organization.repository("Platform", "platform-api")
    content = {"content": text, "contentType": "rawtext"}
    change = {"changeType": "edit", "item": {"path": "/azure-pipelines.yml"}, "newContent": content}
    body = {
        "refUpdates": [{"name": "refs/heads/main", "oldObjectId": repository.default_tip()}],
        "commits": [{"comment": "Change the pipeline", "changes": [change]}],
    }
    client.call("POST", "/Platform/_apis/git/repositories/platform-api/pushes", body, expect=201)


@pytest.fixture
def run(client: Any, organization: Organization) -> Callable[..., str]:
    """Run the pipeline with a body, wait for its end, and return the address of its build."""
    push(client, organization, PIPELINE)

    def start(**body: Any) -> str:
        number = client.call("POST", f"{PIPELINES}/1/runs", body)["id"]
        organization.clock.advance(3600)
        return f"{BUILDS}/{number}"

    return start


def steps(client: Any, build: str) -> list[str]:
    own = [r["name"] for r in client.get(f"{build}/timeline")["records"] if r["type"] == "Task"]
    return [name for name in own if not name.startswith(("Initialize", "Checkout", "Finalize"))]


def log_of(client: Any, build: str, step: str) -> str:
    records = client.get(f"{build}/timeline")["records"]
    number = next(record["log"]["id"] for record in records if record["name"] == step)
    return "\n".join(client.get(f"{build}/logs/{number}")["value"])


def test_parameters_have_their_defaults(client: Any, run: Callable[..., str]) -> None:
    build = run()
    assert steps(client, build) == ["Print", "Rest", "Go north", "Go south", "Ship"]
    assert " echo small on blue for $(who) by $(nobody)" in log_of(client, build, "Print")


def test_given_parameters_change_the_steps_and_their_logs(client: Any, run: Callable[..., str]) -> None:
    given = {"Size": "Large", "fast": "true", "regions": "[east]"}
    build = run(templateParameters=given)
    assert steps(client, build) == ["Print", "Hurry", "Go east", "Ship"]
    assert " echo Large on blue" in log_of(client, build, "Print")
    assert client.get(build)["templateParameters"] == given
    number = build.rsplit("/", 1)[1]
    assert client.get(f"{PIPELINES}/1/runs/{number}")["templateParameters"] == given


def test_variables_are_put_into_commands_and_secrets_are_hidden(client: Any, run: Callable[..., str]) -> None:
    build = run(variables={"WHO": {"value": "Ada"}, "colour": {"value": "red", "isSecret": True}})
    text = log_of(client, build, "Print")
    assert " echo small on *** for Ada by $(nobody)" in text
    assert "red" not in text
    number = build.rsplit("/", 1)[1]
    shown = client.get(f"{PIPELINES}/1/runs/{number}")["variables"]
    assert shown == {"WHO": {"value": "Ada"}, "colour": {"isSecret": True}}


def test_a_queued_build_takes_both_as_well(client: Any, organization: Organization, run: Callable[..., str]) -> None:
    body = {
        "definition": {"id": 1},
        "parameters": json.dumps({"who": "Ada"}),
        "templateParameters": {"size": "large"},
    }
    build = f"{BUILDS}/{client.call('POST', BUILDS, body)['id']}"
    organization.clock.advance(3600)
    assert " echo large on blue for Ada" in log_of(client, build, "Print")


def test_stages_to_skip_are_skipped_and_the_others_run(
    client: Any, organization: Organization, run: Callable[..., str]
) -> None:
    def results(build: str) -> dict[str, str]:
        records = client.get(f"{build}/timeline")["records"]
        return {record["name"]: record["result"] for record in records if record["type"] == "Stage"}

    assert results(run(stagesToSkip=["build"])) == {"Build": "skipped", "Deploy": "succeeded"}
    build = run(stagesToSkip=["Build", "Deploy"])
    assert results(build) == {"Build": "skipped", "Deploy": "skipped"}
    assert client.get(build)["status"] == "completed"
    assert export_world(import_world(export_world(organization))) == export_world(organization)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"templateParameters": {"colour": "x"}}, "Unexpected parameter 'colour'"),
        ({"templateParameters": {"size": "huge"}}, "The 'size' parameter value 'huge' is not a valid value."),
        ({"templateParameters": {"fast": "soon"}}, "The 'fast' parameter value 'soon' is not a valid Boolean."),
        ({"templateParameters": {"regions": "["}}, "The 'regions' parameter value '[' is not a valid Object."),
        ({"stagesToSkip": ["Lunch"]}, "The stage Lunch to skip does not exist."),
    ],
)
def test_what_the_pipeline_does_not_take_is_refused(
    client: Any, organization: Organization, run: Callable[..., str], body: Any, message: str
) -> None:
    for path in (f"{PIPELINES}/1/preview", f"{PIPELINES}/1/runs"):
        error = client.call("POST", path, body, expect=400)
        assert (error["typeKey"], error["message"]) == ("PipelineValidationException", message)
    assert len(organization.builds.builds) == 38


def test_a_queued_build_names_what_is_wrong(client: Any, run: Callable[..., str]) -> None:
    body = {"definition": {"id": 1}, "templateParameters": {"colour": "red"}}
    error = client.call("POST", BUILDS, body, expect=400)
    assert error["customProperties"]["ValidationResults"] == [
        {"result": "error", "message": "Unexpected parameter 'colour'"}
    ]


def test_a_preview_shows_the_expanded_file(client: Any, run: Callable[..., str]) -> None:
    final = client.call("POST", f"{PIPELINES}/1/preview", {"templateParameters": {"size": "large"}})["finalYaml"]
    shown = yaml.safe_load(final)
    assert "parameters" not in shown
    first = shown["stages"][0]["jobs"][0]["steps"][0]
    assert first["script"].startswith("echo large on $(colour)")


def test_a_parameter_without_a_default_has_to_be_given() -> None:
    text = "parameters: [{name: size, type: number}]\nsteps: [{script: 'echo ${{ parameters.size }}'}]"
    with pytest.raises(ParameterError, match="A value for the 'size' parameter must be provided"):
        expand(text, {}, {})
    assert yaml.safe_load(expand(text, {"size": "3"}, {})) == {"steps": [{"script": "echo 3"}]}
    with pytest.raises(ParameterError, match="is not a valid Number"):
        expand(text, {"size": "three"}, {})


def test_mappings_are_expanded_too() -> None:
    text = """
parameters: {deploy: 'yes', settings: {a: 1}}
${{ if eq(parameters.deploy, 'no') }}: {pool: none}
${{ elseif eq(variables['Build.Reason'], 'manual') }}: {pool: large}
${{ else }}: {pool: small}
${{ insert }}: {trigger: none}
steps: ${{ parameters.settings }}
other: ${{ if unknown() }}
"""
    expanded = yaml.safe_load(expand(text, {}, {"Build.Reason": "Manual"}))
    assert expanded == {"pool": "large", "trigger": "none", "steps": {"a": 1}, "other": "${{ if unknown() }}"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("parameters.size", "small"),
        ("parameters['SIZE']", "small"),
        ("parameters.nothing", None),
        ("eq(parameters.size, 'SMALL')", True),
        ("ne(parameters.count, 3)", False),
        ("and(true, not(false), or(false, true))", True),
        ("in('b', 'a', 'b')", True),
        ("notIn('b', 'a', 'b')", False),
        ("contains('it''s', 's')", True),
        ("containsValue(parameters.list, 'X')", True),
        ("startsWith('refs/heads/x', 'refs/heads')", True),
        ("endsWith('a', 'b')", False),
        ("coalesce('', parameters.nothing, upper(lower('Ab')))", "AB"),
        ("length(parameters.list)", 2),
        ("eq(-1.5, '-1.5')", True),
    ],
)
def test_expressions(expression: str, value: object) -> None:
    known = {"size": "small", "count": 3, "list": ["x", "y"]}
    assert evaluate(expression, {"parameters": known}) == value


@pytest.mark.parametrize(
    "expression", ["", "other.size", "eq(1)", "split('a')", "eq(1, 2", "1 2", "not(1, 2)", "'a", ")"]
)
def test_what_cannot_be_evaluated(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, {"parameters": {}})


@pytest.mark.parametrize(
    "body",
    [
        {"yamlOverride": "steps: []"},
        {"resources": {"pipelines": {"upstream": {"version": "1"}}}},
        {"resources": {"repositories": {"tools": {"refName": "refs/heads/main"}}}},
        {"templateParameters": {"size": "large"}},
    ],
)
def test_what_would_change_nothing_is_refused(client: Any, organization: Organization, body: Any) -> None:
    push(client, organization, "parameters: {size: small}\nsteps: [{script: 'echo ${{ split(parameters.size) }}'}]")
    answer = client.send("POST", f"{PIPELINES}/1/runs", body)
    assert answer.is_error
    assert "not simulate" in answer.text
    assert len(organization.builds.builds) == 38


CONDITIONS = """
variables:
  main: $[eq(variables['Build.SourceBranch'], 'refs/heads/main')]
  odd: $[counter('a')]
stages:
  - stage: First
    jobs:
      - job: One
        steps:
          - script: echo $(Build.SourceBranchName) $(Build.Reason) $(odd)
            displayName: Tell
          - script: {end}
            displayName: End
          - script: echo 1
            displayName: Usual
          - script: echo 2
            displayName: Always
            condition: always()
          - script: echo 3
            displayName: On failure
            condition: failed()
          - script: echo 4
            displayName: Never
            condition: false
      - job: Cleanup
        condition: succeededOrFailed()
  - stage: OnMain
    condition: and(succeeded(), eq(variables.main, true))
  - stage: OnRequest
    condition: and(succeeded(), eq(variables['Build.Reason'], 'PullRequest'))
  - stage: Unclear
    condition: and(succeeded(), eq(dependencies.First.outputs['One.x'], '1'))
  - stage: Repair
    condition: failed()
"""


@pytest.mark.parametrize(
    ("end", "branch", "reason", "expected"),
    [
        ("echo 0", "main", "manual", {"Tell", "End", "Usual", "Always", "Cleanup", "OnMain", "Unclear"}),
        ("echo 0", "topic", "manual", {"Tell", "End", "Usual", "Always", "Cleanup", "Unclear"}),
        ("echo 0", "topic", "pullRequest", {"Tell", "End", "Usual", "Always", "Cleanup", "Unclear", "OnRequest"}),
        ("exit 1", "main", "manual", {"Tell", "End", "Always", "On failure", "Cleanup", "Repair"}),
    ],
)
def test_conditions_decide_what_runs(
    client: Any, organization: Organization, end: str, branch: str, reason: str, expected: set[str]
) -> None:
    push(client, organization, CONDITIONS.format(end=end))
    repository = organization.repository("Platform", "platform-api")
    repository.refs["refs/heads/topic"] = repository.refs["refs/heads/main"]
    body = {"definition": {"id": 1}, "sourceBranch": branch, "reason": reason}
    build = f"{BUILDS}/{client.call('POST', BUILDS, body)['id']}"
    organization.clock.advance(3600)
    records = client.get(f"{build}/timeline")["records"]
    names = {"Tell", "End", "Usual", "Always", "On failure", "Never"}
    steps_run = {r["name"] for r in records if r["name"] in names and r["result"] != "skipped"}
    parts = {r["name"] for r in records if r["type"] in {"Stage", "Job"} and r["result"] not in {"skipped", None}}
    assert steps_run | (parts - {"First", "One", "Job"}) == expected
    told = f" echo {branch} {reason[0].upper()}{reason[1:]} $[counter('a')]"
    assert told in log_of(client, build, "Tell")
