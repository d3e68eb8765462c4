"""Runs are started, canceled, retried and tagged: what a person sees, what is refused before, what is proven after."""

import httpx
import pytest
from tool_calls import FULL, Recorder, call, refusal

from azure_devops_simulator import Fault, build_organization
from langchain_azure_devops import AzureDevOps, approve_writes_with, load_settings
from langchain_azure_devops.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    ScopeMissing,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.runtime import RunContext, Timeouts

LOST = {"kind": "reset", "times": 1}
QUICK = Timeouts(retry_pause=0.005, recovery=0.2, recovery_pause=0.02)
API = {"pipeline": "api-ci"}
YAML = """
parameters:
- name: environment
  values: [dev, prod]
  default: dev
- name: count
  type: number
  default: 1
stages:
- stage: Build
  jobs:
  - job: Test
    steps:
    - script: echo ${{ parameters.environment }} $(level)
      displayName: Run tests
  - job: Lint
    steps:
    - script: echo lint
      displayName: Lint
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
    platform = world.add_project("Platform")
    platform.add_repository("api", files={"/README.md": "Shop\n"})
    ci = platform.add_pipeline("api-ci", repository="api", yaml=YAML, author="Tom Becker")
    ci.update(variables={"level": {"value": "1", "allowOverride": True}, "region": {"value": "eu"}})
    return world


@pytest.fixture
def ci(world):
    return world.project("Platform").pipeline("api-ci")


@pytest.fixture
def organization(world):
    world.add_token(FULL)
    return world.organization


@pytest.fixture
def writer(connect):
    return connect(writes="allow")


@pytest.fixture
def asked(connect):
    """Calls a tool, and returns what its approver is shown, who says no."""

    def ask(name, /, **arguments):
        shown = []
        with approve_writes_with(lambda request: shown.append(request) or request.reject("dana")):
            with pytest.raises(WriteBlocked):
                call(connect(), name, **arguments)
        return shown[0].current

    return ask


@pytest.fixture
def unasked(connect):
    """Calls a tool that must be refused before a person is asked, and returns what it says."""

    def refuse(name, kind, /, **arguments):
        with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
            return refusal(connect(), name, kind, **arguments)

    return refuse


@pytest.fixture
def hasty(hurry):
    """A client that waits only for a moment for what it lost."""
    return hurry(recovery=0.2)


# -- run -----------------------------------------------------------------------------------------------------------


def test_a_run_gets_exactly_what_was_given(writer, organization):
    given = {"parameters": ["environment=prod"], "variables": ["level=3"], "skip_stages": ["deploy"]}
    run = call(writer, "run_pipeline", **API, **given)
    build = organization.builds.builds[run.id]
    assert (run.pipeline, run.branch, run.parameters) == ("api-ci", "main", ["environment=prod"])
    assert build.template_parameters == {"environment": "prod"}
    assert build.variables == {"level": {"value": "3"}}
    assert build.skipped_stages == ["Deploy"]
    assert run.commit == build.source_version


def test_a_run_of_a_branch_a_tag_and_a_commit(writer, world, organization):
    api = world.project("Platform").repository("api")
    first = api.tip()
    api.add_tag("v1")
    api.add_branch("next").commit("Say hello", {"azure-pipelines.yml": "steps:\n- script: echo\n"}, branch="next")
    runs = {version: call(writer, "run_pipeline", **API, version=version) for version in ("next", "v1", first)}
    builds = {version: organization.builds.builds[run.id] for version, run in runs.items()}
    assert builds["next"].source_version == api.tip("next")
    assert (builds["v1"].source_branch, builds["v1"].source_version) == ("refs/tags/v1", first)
    assert builds[first].source_version == first


def test_the_approver_sees_what_would_run_and_where_it_deploys(asked, world):
    shown = asked("run_pipeline", **API, parameters=["count=2"])
    assert (shown["project"], shown["pipeline"], shown["repository"]) == ("Platform", "api-ci", "api")
    assert (shown["stages"], shown["environments"]) == (["Build", "Deploy"], ["production"])
    assert shown["defaults"] == ["environment=dev"]
    assert shown["commit"] == world.project("Platform").repository("api").tip()
    assert shown["commit_message"]
    assert asked("run_pipeline", **API, skip_stages=["Build"])["stages"] == ["Deploy"]


@pytest.mark.parametrize("version", ["v1", "refs/tags/v1", "old", "refs/heads/old", "commit"])
def test_the_approver_sees_the_defaults_of_the_version_that_would_run(asked, world, version):
    api = world.project("Platform").repository("api")
    first = api.tip()
    api.add_tag("v1")
    api.add_branch("old")
    api.commit("Other defaults", {"/azure-pipelines.yml": YAML.replace("default: 1", "default: 7")})
    shown = asked("run_pipeline", **API, version=first if version == "commit" else version)
    assert (shown["commit"], shown["defaults"]) == (first, ["environment=dev", "count=1"])
    assert asked("run_pipeline", **API)["defaults"] == ["environment=dev", "count=7"]


@pytest.mark.parametrize(
    ("given", "kind", "said"),
    [
        ({"parameters": ["enviroment=prod"]}, InvalidRequest, "Did you mean 'environment'?"),
        ({"parameters": ["environment=prd"]}, InvalidRequest, "Did you mean 'prod'?"),
        ({"parameters": ["count=x"]}, InvalidRequest, "is a number"),
        ({"variables": ["levels=2"]}, InvalidRequest, "Did you mean 'level'?"),
        ({"variables": ["region=us"]}, InvalidRequest, "cannot be set for a run"),
        ({"skip_stages": ["Deplyo"]}, InvalidRequest, "Did you mean 'Deploy'?"),
        ({"skip_stages": ["Deploy", "build"]}, InvalidRequest, "Every stage would be skipped"),
        ({"version": "mian"}, NotFound, "Did you mean 'main'?"),
        ({"pipeline": "api-cl"}, NotFound, "Did you mean 'api-ci'?"),
    ],
    ids=str,
)
def test_nobody_is_asked_about_a_run_that_cannot_be(unasked, organization, given, kind, said):
    assert said in unasked("run_pipeline", kind, **API | given)
    assert organization.builds.builds == {}


def test_the_variable_for_diagnostics_is_always_taken(writer, organization):
    run = call(writer, "run_pipeline", **API, variables=["system.debug=true"])
    assert organization.builds.builds[run.id].variables == {"system.debug": {"value": "true"}}


def test_a_disabled_pipeline_does_not_run_and_a_paused_one_waits(writer, unasked, ci):
    ci.update(queueStatus="paused")
    assert "is paused" in call(writer, "run_pipeline", **API).notes[0]
    ci.update(queueStatus="disabled")
    assert "is disabled" in unasked("run_pipeline", Conflict, **API)


def test_a_token_that_only_reads_cannot_run(connect, organization):
    organization.add_token("read-token", {"vso.project", "vso.build", "vso.code"})
    assert "vso.build_execute" in refusal(connect("read-token", writes="allow"), "run_pipeline", ScopeMissing, **API)
    assert organization.builds.builds == {}


def test_without_the_scope_for_code_a_run_still_starts(connect, organization):
    organization.add_token("build-token", {"vso.project", "vso.build_execute"})
    run = call(connect("build-token", writes="allow"), "run_pipeline", **API, parameters=["environment=prod"])
    assert organization.builds.builds[run.id].template_parameters == {"environment": "prod"}
    assert "lacks vso.code" in run.notes[0]


def test_a_run_whose_answer_was_lost_is_found_by_its_values(hasty, organization, ci):
    ci.run(parameters={"environment": "dev"})
    organization.faults.add(Fault(method="POST", path="/runs", when="after", **LOST))
    given = {"parameters": ["environment=prod"], "variables": ["level=3"]}
    run = call(hasty, "run_pipeline", **API, **given)
    assert "found as asked" in run.notes[0]
    assert organization.builds.builds[run.id].template_parameters == {"environment": "prod"}
    assert len(organization.builds.builds) == 2


@pytest.mark.parametrize("when", ["after", "before"])
def test_a_run_that_is_not_proven_stays_unknown(hasty, organization, when):
    organization.faults.add(Fault(method="POST", path="/runs", when=when, **LOST))
    with pytest.raises(WriteOutcomeUnknown) as caught:
        call(hasty, "run_pipeline", **API, **({"skip_stages": ["Deploy"]} if when == "after" else {}))
    assert "_build?definitionId=" in caught.value.url


# -- cancel --------------------------------------------------------------------------------------------------------


def test_a_running_build_is_canceled(writer, ci, organization, asked):
    run = ci.run(wait=False, by="Tom Becker")
    organization.clock.advance(20)
    shown = asked("cancel_build", build=run.id)
    assert (shown["pipeline"], shown["state"], shown["requested_for"]) == ("api-ci", "inProgress", "Tom Becker")
    assert shown["running_stages"] == ["Build"]
    assert call(writer, "cancel_build", build=run.id).state == "cancelling"
    organization.clock.advance(60)
    assert run.build.result is None or run.build.result == "canceled"


def test_a_build_that_ended_is_not_canceled(unasked, connect, ci):
    done = ci.run()
    assert "it has ended already, with the result succeeded" in unasked("cancel_build", Conflict, build=done.id)
    canceled = ci.run(wait=False)
    canceled.cancel()
    with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
        assert "canceled already" in call(connect(), "cancel_build", build=canceled.id).notes[0]
    unasked("cancel_build", NotFound, build=999)


def test_a_lost_cancellation_is_found(hasty, ci, organization):
    run = ci.run(wait=False)
    organization.clock.advance(20)
    organization.faults.add(Fault(method="PATCH", path="/builds/", when="after", **LOST))
    assert "found as asked" in call(hasty, "cancel_build", build=run.id).notes[0]


class Overtaken(Recorder):
    """A network in which somebody else acts, and then the connection breaks, when a write is sent."""

    def __init__(self, url, act):
        super().__init__(url, [])
        self._act = act

    async def handle_async_request(self, request):
        if request.method == "GET":
            return await super().handle_async_request(request)
        self._act()
        raise httpx.ReadError("broken", request=request)


def test_a_cancellation_of_somebody_else_proves_nothing(server, ci, organization):
    run = ci.run(wait=False)
    organization.clock.advance(20)
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    context = RunContext(clock=organization.clock.now, timeouts=QUICK)
    network = Overtaken(server.base_url, lambda: run.cancel(by="Tom Becker"))
    with AzureDevOps(settings, writes="allow", context=context, transport=network) as client:
        with pytest.raises(WriteOutcomeUnknown, match="not known that this call did it"):
            call(client, "cancel_build", build=run.id)


# -- retry ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def failed(ci):
    return ci.run(result="failed", step="Run tests")


def test_a_failed_stage_runs_again(writer, failed, asked):
    shown = asked("retry_stage", build=failed.id, stage="build")
    assert (shown["stage"], shown["result"], shown["attempt"]) == ("Build", "failed", 1)
    assert shown["failed_steps"] == ["Build > Test > Run tests"]
    assert shown["jobs_that_run_again"] == ["Test"]
    assert shown["stages_that_may_follow"] == ["Deploy"]
    retried = call(writer, "retry_stage", build=failed.id, stage="build")
    assert (retried.stage, retried.attempt, retried.state) == ("Build", 2, "inProgress")


def test_everything_of_a_stage_can_run_again(writer, ci, asked):
    run = ci.run()
    assert set(asked("retry_stage", build=run.id, stage="Build", all_jobs=True)["jobs_that_run_again"]) == {
        "Test",
        "Lint",
    }
    assert call(writer, "retry_stage", build=run.id, stage="Build", all_jobs=True).attempt == 2


def test_nobody_is_asked_about_a_retry_that_cannot_be(unasked, failed, ci, organization):
    assert "Did you mean 'Build'?" in unasked("retry_stage", NotFound, build=failed.id, stage="Biuld")
    assert "it was skipped" in unasked("retry_stage", Conflict, build=failed.id, stage="Deploy")
    assert "nothing of it failed" in unasked("retry_stage", Conflict, build=ci.run().id, stage="Build")
    running = ci.run(wait=False)
    organization.clock.advance(20)
    assert "it is inProgress" in unasked("retry_stage", Conflict, build=running.id, stage="Build")


@pytest.mark.parametrize("when", ["after", "before"])
def test_a_retry_whose_answer_was_lost_is_done_only_with_proof(hasty, failed, organization, when):
    organization.faults.add(Fault(method="PATCH", path="/stages/", when=when, **LOST))
    if when == "after":
        found = call(hasty, "retry_stage", build=failed.id, stage="Build")
        assert ("found as asked" in found.notes[0], found.attempt) == (True, 2)
        return
    with pytest.raises(WriteOutcomeUnknown, match="did not find a retry of stage 'Build'"):
        call(hasty, "retry_stage", build=failed.id, stage="Build")


def test_an_attempt_of_before_proves_nothing(hasty, failed, organization):
    failed.retry(results={"Run tests": "failed"})
    organization.clock.advance(3600)
    organization.faults.add(Fault(method="PATCH", path="/stages/", **LOST))
    with pytest.raises(WriteOutcomeUnknown, match="not known that this call began it"):
        call(hasty, "retry_stage", build=failed.id, stage="Build")


# -- tag -----------------------------------------------------------------------------------------------------------


def test_tags_are_added_and_removed_in_one_request(writer, ci, asked):
    run = ci.run(tags=["old", "kept"])
    assert sorted(asked("tag_build", build=run.id, add=["new"])["tags"]) == ["kept", "old"]
    tagged = call(writer, "tag_build", build=run.id, add=["new", "KEPT"], remove=["OLD"])
    assert (tagged.tags, tagged.notes) == (["kept", "new"], ["'KEPT' is a tag of it already."])
    assert run.build.tags == ["kept", "new"]


def test_nobody_is_asked_about_tags_that_cannot_be(unasked, ci):
    run = ci.run(tags=["release"])
    assert "No tag" in unasked("tag_build", InvalidRequest, build=run.id)
    assert "cannot be blank" in unasked("tag_build", InvalidRequest, build=run.id, add=["x", " \t"])
    assert "cannot be blank" in unasked("tag_build", InvalidRequest, build=run.id, remove=[" "])
    assert "both" in unasked("tag_build", InvalidRequest, build=run.id, add=["x"], remove=["X"])
    assert "Did you mean 'release'?" in unasked("tag_build", NotFound, build=run.id, remove=["relaese"])


def test_tags_that_are_there_are_not_sent(connect, ci):
    run = ci.run(tags=["release"])
    with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
        same = call(connect(), "tag_build", build=run.id, add=["release"])
    assert (same.tags, "Nothing was sent." in same.notes[0]) == (["release"], True)


@pytest.mark.parametrize("when", ["after", "before"])
def test_tags_whose_answer_was_lost_are_set_only_with_proof(hasty, ci, organization, when):
    run = ci.run()
    organization.faults.add(Fault(method="PATCH", path="/tags", when=when, **LOST))
    if when == "after":
        assert "found as asked" in call(hasty, "tag_build", build=run.id, add=["x"]).notes[0]
        return
    with pytest.raises(WriteOutcomeUnknown, match="Its tags are: none"):
        call(hasty, "tag_build", build=run.id, add=["x"])


@pytest.mark.parametrize(
    ("tool", "given", "before"), [("tag_build", {"add": ["x"]}, 1), ("retry_stage", {"stage": "Build"}, 2)]
)
def test_a_change_is_told_as_done_when_the_run_cannot_be_read_again(hasty, failed, organization, tool, given, before):
    organization.faults.add(Fault(kind="status", status=404, method="GET", path=f"/builds/{failed.id}", skip=before))
    done = call(hasty, tool, build=failed.id, **given)
    assert (done.id, done.state) == (failed.id, "unknown")
    assert "It was done. How the run is now could not be read (not_found)." in done.notes
