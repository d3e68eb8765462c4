"""Runs: what they were given and used, what they changed, their logs, and the YAML that one would carry out."""

import pytest
from tool_calls import FULL, call, message_of, refusal

from azure_devops_simulator import build_organization
from langchain_azure_devops import TOOLS
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.errors import InvalidRequest, NotFound

CI = {"pipeline": "platform-api-ci"}
YAML = """
parameters:
- name: environment
  values: [dev, prod]
  default: dev
- name: count
  type: number
  default: 1
- name: dry
  type: boolean
  default: false
resources:
  repositories:
  - repository: templates
    type: git
    name: Platform/templates
  containers:
  - container: tools
    image: registry.example/tools:3
stages:
- stage: Build
  jobs:
  - job: Test
    steps:
    - script: echo ${{ parameters.environment }} $(level)
      displayName: Run tests
- stage: Deploy
  jobs:
  - deployment: Go
    environment: production
    strategy:
      runOnce:
        deploy:
          steps:
          - script: make deploy
            displayName: Deploy
"""


@pytest.fixture
def world():
    world = build_organization("acme").at("2026-11-02 09:00")
    for name in ("Dana Ortiz", "Tom Becker"):
        world.add_user(name)
    shop = world.add_project("Platform")
    shop.add_repository("templates", files={"/a.yml": "steps: []\n"})
    shop.add_repository("api", files={"/README.md": "Shop\n"})
    shop.add_pipeline("api-ci", repository="api", yaml=YAML, author="Tom Becker")
    return world


@pytest.fixture
def ci(world):
    return world.project("Platform").pipeline("api-ci")


@pytest.fixture
def organization(world):
    world.add_token(FULL)
    return world.organization


@pytest.fixture
def shop(connect):
    return connect(writes="allow")


def test_runs_show_what_they_were_given_and_how_they_ended(shop, ci):
    ci.run(by="Dana Ortiz", parameters={"environment": "prod", "dry": True}, result="failed", tags=["night"])
    ci.run()
    latest, first = call(shop, "list_runs", pipeline="api-ci").items
    assert (first.parameters, first.tags) == (["environment=prod", "dry=true"], ["night"])
    assert (first.state, first.result, first.requested_for) == ("completed", "failed", "Dana Ortiz")
    assert (latest.result, latest.parameters) == ("succeeded", [])
    assert [row.id for row in call(shop, "list_runs", pipeline="api-ci", result="failed").items] == [first.id]
    assert call(shop, "list_runs", pipeline="api-ci", branch="none").items == []


def test_a_run_of_a_pull_request_was_given_no_parameters(shop, world, ci):
    # The service keeps the branches of the pull request as `parameters`, a text of JSON.
    api = world.project("Platform").repository("api")
    api.add_branch("work")
    api.commit("Work", {"/a.md": "a\n"}, branch="work", author="Dana Ortiz")
    run = ci.run(pull_request=api.open_pull_request("Work", source="work", author="Dana Ortiz"))
    [row] = call(shop, "list_runs", pipeline="api-ci").items
    found = call(shop, "get_run", ids=[run.id])
    assert (row.id, found.reason, found.parameters) == (run.id, "pullRequest", [])


def test_runs_come_page_by_page(platform_reader):
    first = call(platform_reader, "list_runs", **CI, limit=4)
    second = call(platform_reader, "list_runs", **CI, limit=4, cursor=first.cursor)
    assert [row.id for row in [*first.items, *second.items]] == [38, 35, 31, 29, 25, 23, 19, 18]
    assert [row.id for row in call(platform_reader, "list_runs", **CI, since="2026-11-19T00:00:00Z").items] == [38, 35]


@pytest.mark.parametrize("tool", ["list_runs", "preview_pipeline"])
def test_an_unknown_pipeline_has_a_near_name(platform_reader, tool):
    assert "Did you mean 'platform-api-ci'?" in refusal(platform_reader, tool, NotFound, pipeline="platform-api-cd")
    assert "999" in refusal(platform_reader, tool, NotFound, pipeline="999")


def test_a_run_shows_the_versions_that_it_used(shop, world, ci):
    ci.update(by="Tom Becker", variables={"level": {"value": "1", "allowOverride": True}})
    run = ci.run(parameters={"environment": "prod"})
    run.build.variables = {"level": {"value": "3"}, "pin": {"isSecret": True}}
    found = call(shop, "get_run", ids=[run.id])
    assert found.parameters == ["environment=prod"]
    assert found.variables == ["level=3", "pin=(secret)"]
    templates = world.project("Platform").repository("templates")
    assert f"templates: main at {templates.tip()}" in found.repositories
    assert found.containers == ["tools: registry.example/tools:3"]
    assert (found.revision, found.pool, found.branch) == (2, "Azure Pipelines", "main")
    assert len(call(shop, "get_run", ids=[run.id, 999]).failed) == 1


def test_a_value_that_looks_like_a_secret_is_not_shown(shop, ci):
    run = ci.run()
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    run.build.variables = {"plain": {"value": token}}
    run.build.template_parameters = {"other": token}
    message = {"type": "tool_call", "id": "1", "name": "get_run", "args": {"ids": [run.id]}}
    shown = bind(TOOLS["get_run"], shop).invoke(message).content
    assert token not in shown
    assert shown.count("[secret:") == 2


def test_the_commits_of_a_build_and_between_two(platform_reader):
    own = call(platform_reader, "list_build_changes", build=35)
    assert own.items
    assert (own.items[0].repository, own.items[0].author) == ("platform-api", "Mina Sato")
    assert call(platform_reader, "list_build_changes", build=35, since_build=29).items == own.items
    more = call(platform_reader, "list_build_changes", build=35, since_build=23).items
    assert {row.commit for row in own.items} < {row.commit for row in more}


@pytest.mark.parametrize("since", [35, 37])
def test_commits_are_counted_since_an_older_build_only(platform_reader, since):
    told = refusal(platform_reader, "list_build_changes", InvalidRequest, build=35, since_build=since)
    assert "Give the newer build as build=" in told


def test_a_build_of_the_same_commit_brought_nothing(platform_reader):
    page = call(platform_reader, "list_build_changes", build=25)
    assert page.items == []
    assert "the same commit" in page.notes[0]


def test_a_build_of_another_repository_is_told(platform_reader):
    page = call(platform_reader, "list_build_changes", build=35, since_build=27)
    assert any("another repository" in note for note in page.notes)


def test_unknown_builds_are_not_found(platform_reader):
    refusal(platform_reader, "list_build_changes", NotFound, build=999)
    refusal(platform_reader, "list_build_changes", NotFound, build=35, since_build=999)
    refusal(platform_reader, "list_build_logs", NotFound, build=999)
    refusal(platform_reader, "get_run", NotFound, ids=[999])


def test_each_log_names_its_step_its_place_and_its_attempt(shop, ci):
    run = ci.run(result="failed", step="Run tests", logs={"Run tests": "1 failed"})
    run.retry()
    rows = call(shop, "list_build_logs", build=run.id).items
    tests = [(row.where, row.attempt, row.result) for row in rows if row.step == "Run tests"]
    assert tests == [("Build > Test", 1, "failed"), ("Build > Test", 2, "succeeded")]
    [deploy] = [row for row in rows if row.step == "Deploy"]
    assert deploy.where == "Deploy > Go"
    assert all(row.lines for row in rows)
    assert [row.log for row in rows] == sorted(row.log for row in rows)
    assert all(row.job and row.task for row in rows)


def test_a_build_without_logs_says_why(shop, ci):
    run = ci.run(wait=False)
    page = call(shop, "list_build_logs", build=run.id)
    assert page.items == []
    assert "It has no logs" in page.notes[0]


def test_the_preview_inserts_parameters_and_runs_nothing(shop, ci, world):
    shown = call(shop, "preview_pipeline", pipeline="api-ci", parameters=["environment=PROD"])
    assert "echo PROD $(level)" in shown.text
    assert world.organization.builds.builds == {}
    rest = call(shop, "preview_pipeline", pipeline="api-ci", first_line=4)
    whole = call(shop, "preview_pipeline", pipeline="api-ci")
    assert (rest.first_line, rest.total_lines) == (4, whole.total_lines)
    assert whole.text.splitlines()[3:] == rest.text.splitlines()
    said = message_of(shop, "preview_pipeline", pipeline="api-ci", first_line=999)
    assert f"There is no line 999: the YAML ends with line {whole.total_lines}." in said
    assert "go on with" not in said


def test_a_preview_of_a_branch_a_tag_and_a_commit(shop, world):
    api = world.project("Platform").repository("api")
    first = api.tip()
    api.add_tag("v1")
    api.add_branch("next").commit("Say hello", {"azure-pipelines.yml": "steps:\n- script: echo hello\n"}, branch="next")
    for version, there in (("next", True), ("refs/heads/next", True), ("v1", False), (first, False), (None, False)):
        text = call(shop, "preview_pipeline", pipeline="api-ci", version=version).text
        assert ("echo hello" in text) is there
    assert "Did you mean 'next'?" in refusal(shop, "preview_pipeline", NotFound, pipeline="api-ci", version="nxet")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"parameters": ["enviroment=prod"]}, "Did you mean 'environment'?"),
        ({"parameters": ["environment=test"]}, "Its values: dev, prod."),
        ({"parameters": ["count=many"]}, "is a number"),
        ({"parameters": ["dry=maybe"]}, "is a boolean"),
        ({"parameters": ["environment"]}, "not of the form name=value"),
        ({"parameters": ["count=1", "COUNT=2"]}, "stands twice"),
        ({"variables": ["levle=3"]}, "Did you mean 'level'?"),
        ({"variables": ["region=eu"]}, "cannot be set for a run"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_with_what_would(shop, ci, given, said):
    ci.update(variables={"level": {"value": "1", "allowOverride": True}, "region": {"value": "us"}})
    assert said in refusal(shop, "preview_pipeline", InvalidRequest, pipeline="api-ci", **given)


def test_parameters_are_checked_at_the_version_that_runs(shop, world):
    api = world.project("Platform").repository("api")
    api.add_tag("v1")
    changed = YAML.replace("[dev, prod]", "[test]").replace("default: dev", "default: test")
    api.commit("Test only", {"/azure-pipelines.yml": changed}, author="Dana Ortiz")
    given = {"pipeline": "api-ci", "version": "v1"}
    told = refusal(shop, "preview_pipeline", InvalidRequest, **given, parameters=["environment=test"])
    assert "Its values: dev, prod." in told
    assert "echo prod" in call(shop, "preview_pipeline", **given, parameters=["environment=prod"]).text


def test_without_the_scope_for_code_the_service_checks_the_parameters(world, connect):
    world.add_token("build-token", ["vso.project", "vso.build"])
    client = connect("build-token")
    shown = call(client, "preview_pipeline", pipeline="api-ci", parameters=["environment=prod"])
    assert "lacks vso.code" in shown.notes[0]
    wrong = {"pipeline": "api-ci", "parameters": ["enviroment=prod"]}
    assert "Unexpected parameter 'enviroment'" in refusal(client, "preview_pipeline", InvalidRequest, **wrong)


def test_a_broken_file_is_told_in_the_words_of_the_service(platform_reader):
    assert "template" in refusal(platform_reader, "preview_pipeline", InvalidRequest, pipeline="docs-publish")
