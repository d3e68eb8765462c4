"""One pipeline, what its file declares, and who changed its definition."""

import asyncio

import pytest
from tool_calls import call, refusal, text_of

from langchain_azure_devops.errors import InvalidRequest, NotFound
from langchain_azure_devops.tools.pipelines.yaml_file import parse_pipeline

CI = {"pipeline": "platform-api-ci"}
DEFINITION = "/Platform/_apis/build/definitions/1"

YAML = """
parameters:
- name: environment
  type: string
  values: [dev, prod]
  default: dev
- name: count
  type: number
trigger:
  branches:
    include: [main, release/*]
    exclude: [release/old]
  paths:
    exclude: [docs]
schedules:
- cron: "0 3 * * *"
  branches:
    include: [main]
  always: true
resources:
  pipelines:
  - pipeline: base
    source: base-image
    trigger: true
variables:
- group: deploy-secrets
- name: REGION
  value: eu
- template: vars.yml
stages:
- stage: Build
  jobs:
  - job: Test
    steps:
    - template: steps/test.yml@templates
- stage: Deploy
  jobs:
  - deployment: Prod
    environment: production
  - deployment: Other
    environment: {name: canary}
- template: more.yml
"""


@pytest.fixture
def change(organization):
    """Changes the definition of the pipeline as the service keeps it."""

    def apply(**settings):
        definition = organization.builds.definitions[1]
        definition.earlier.append(definition.version)
        definition.settings = {**definition.settings, **settings}
        definition.revision += 1
        definition.changed, definition.changed_by = organization.clock.tick(), organization.named("Priya Raman")

    return apply


def test_a_pipeline_shows_its_file_its_state_and_who_made_it(platform_reader):
    found = call(platform_reader, "get_pipeline", **CI)
    assert (found.id, found.project, found.folder, found.status) == (1, "Platform", "\\", "enabled")
    assert (found.yaml, found.repository, found.default_branch) == ("azure-pipelines.yml", "platform-api", "main")
    assert (found.revision, found.changed_by, found.created_by) == (1, "Dana Ortiz", "Dana Ortiz")
    assert found.pool == "Azure Pipelines"
    assert any(trigger.startswith("pushes to") for trigger in found.triggers)
    assert any("Who may edit the definition was not determined" in note for note in found.notes)
    assert call(platform_reader, "get_pipeline", pipeline="1") == found


def test_the_last_change_and_the_first_are_told_apart(platform_client, change):
    change(comment="Raise the time-out")
    found = call(platform_client, "get_pipeline", **CI)
    assert (found.revision, found.changed_by, found.comment) == (2, "Priya Raman", "Raise the time-out")
    assert found.created_by == "Dana Ortiz"
    assert found.created < found.changed


def test_variables_are_shown_by_name_and_never_by_value(platform_client, change):
    change(
        variables={
            "token": {"value": None, "isSecret": True},
            "region": {"value": "westeurope"},
            "level": {"value": "verbose", "allowOverride": True},
        }
    )
    found = call(platform_client, "get_pipeline", **CI)
    assert found.variables == ["level (settable for a run)", "region", "token (secret)"]
    shown = text_of(platform_client, "get_pipeline", **CI)
    assert "westeurope" not in shown
    assert "verbose" not in shown


def test_variable_groups_are_named(platform_client, organization, change):
    number, group = next(iter(organization.resources.variable_groups.items()))
    change(variableGroups=[{"id": number}, {"id": 99}])
    assert call(platform_client, "get_pipeline", **CI).groups == [group.name, "group 99"]


@pytest.mark.parametrize(("status", "said"), [("paused", "do not begin"), ("disabled", "nothing can be queued")])
def test_a_pipeline_that_does_not_run_says_so(platform_client, change, status, said):
    change(queueStatus=status)
    found = call(platform_client, "get_pipeline", **CI)
    assert found.status == status
    assert said in found.notes[0]


def test_without_the_scope_for_code_the_file_is_a_named_gap(connect, organization):
    organization.add_token("build-token", {"vso.project", "vso.build"})
    found = call(connect("build-token"), "get_pipeline", **CI)
    assert found.partial
    assert "what the YAML file declares not read: needs vso.code" in found.notes
    assert found.triggers == ["continuousIntegration: as the YAML file says"]


def test_a_file_that_is_gone_leaves_the_rest(platform_client, organization):
    organization.builds.definitions[1].yaml_path = "/gone.yml"
    found = call(platform_client, "get_pipeline", **CI)
    assert (found.yaml, found.parameters) == ("gone.yml", [])


def test_near_names_are_suggested(platform_reader):
    for tool in ("get_pipeline", "list_pipeline_revisions"):
        assert "Did you mean 'nightly-soak'?" in refusal(platform_reader, tool, NotFound, pipeline="nightly-soap")
        assert "999" in refusal(platform_reader, tool, NotFound, pipeline="999")


def test_two_pipelines_of_one_name_need_an_id(platform_client, organization):
    organization.builds.definitions[2].name = "platform-api-ci"
    assert "give the id" in refusal(platform_client, "get_pipeline", InvalidRequest, **CI)


@pytest.mark.parametrize("tool", ["get_pipeline", "list_pipeline_revisions", "preview_pipeline"])
@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_name_is_no_pipeline(platform_reader, tool, blank):
    said = refusal(platform_reader, tool, InvalidRequest, pipeline=blank)
    assert said == "No pipeline was given. Give its name or its id; list_pipelines shows both."


def test_revisions_are_listed_newest_first(platform_client, change):
    change(comment="one")
    change(comment="two")
    page = call(platform_client, "list_pipeline_revisions", **CI, limit=2)
    assert [(row.revision, row.changed_by, row.comment, row.change) for row in page.items] == [
        (3, "Priya Raman", "two", "update"),
        (2, "Priya Raman", "one", "update"),
    ]
    [first] = call(platform_client, "list_pipeline_revisions", **CI, limit=2, cursor=page.cursor).items
    assert (first.revision, first.changed_by, first.change) == (1, "Dana Ortiz", "add")
    assert "list_commits" in page.notes[0]


def test_a_file_is_read_in_words():
    found = asyncio.run(parse_pipeline(YAML))
    assert [each.words for each in found.parameters.values()] == [
        "environment: string, one of dev, prod; default dev",
        "count: number; required",
    ]
    assert (found.groups, found.variables) == (["deploy-secrets"], ["REGION"])
    assert found.triggers == [
        "pushes to main, release/*; not release/old; not paths docs",
        "schedule 0 3 * * * UTC on main, also without changes",
        "runs of pipeline base-image",
    ]
    assert found.templates == ["vars.yml", "more.yml", "steps/test.yml@templates"]
    assert (found.stages, found.environments) == (["Build", "Deploy"], ["production", "canary"])


@pytest.mark.parametrize(
    ("text", "triggers"),
    [
        ("trigger: none\nsteps: []", ["no pushes"]),
        ("trigger: [main, 'x']\nsteps: []", ["pushes to main, x"]),
        ("steps: []", ["pushes to every branch, as the file has no trigger"]),
        ("trigger:\n  branches: [main]\nparameters: {a: 1}", ["pushes to main"]),
    ],
)
def test_triggers_in_their_short_forms(text, triggers):
    assert asyncio.run(parse_pipeline(text)).triggers == triggers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a list",
        "a: [",
        "[" * 50_000,
        "a: &a [1, 2]\nb: [*a, *a]",
        "a: {<<: {b: 1}}\nsteps: []",
        "x" * 100_001,
        f"a: {'9' * 6_000}",
        "a: 2026-99-99",
    ],
    ids=["nothing", "list", "broken", "deep", "aliases", "merged", "long", "number", "date"],
)
def test_a_hostile_file_is_no_pipeline(text):
    assert asyncio.run(parse_pipeline(text)) is None
