"""Cherry-picks and reverts: new branches, what an approver is shown, conflicts, and answers that were lost."""

import asyncio
import gc
import re
import warnings

import pytest
from stub_service import StubService, ok
from tool_calls import FULL, call, refusal

from azure_devops_simulator import Fault, build_organization
from langchain_azure_devops import AzureDevOps, approve_writes_with, load_settings
from langchain_azure_devops.errors import (
    AlreadyExists,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.tools.changes import cherry_pick, revert

ROTA = "729a2263cfba89bcef606714683a46f42e9a6566"
ROTA_FILE = "/docs/runbooks/on-call.md"
PICK = {"repository": "docs", "commits": [ROTA], "onto": "main", "branch": "pick/rota"}
REVERT = {"repository": "docs", "pull_request": 5, "onto": "main", "branch": "revert/release"}
QUICK = Timeouts(retry_pause=0.005, recovery=0.2, recovery_pause=0.02)


@pytest.fixture
def repository(organization):
    return organization.project("Platform").repository("docs")


@pytest.fixture
def asked(connect):
    """Calls a tool, and returns what its approver is shown, who says no."""

    def ask(name, **arguments):
        shown = []
        with approve_writes_with(lambda request: shown.append(request) or request.reject("dana")):
            with pytest.raises(WriteBlocked):
                call(connect(), name, **arguments)
        return shown[0].current

    return ask


@pytest.fixture
def quick(server, organization):
    settings = load_settings(base_url=server.base_url, pat=FULL, default_project="Platform", environ={})
    context = RunContext(clock=organization.clock.now, timeouts=QUICK)
    with AzureDevOps(settings, writes="allow", context=context) as writing:
        yield writing


@pytest.mark.parametrize("prefix", ["", "refs/heads/"])
def test_commits_are_applied_on_a_new_branch(platform_client, repository, prefix):
    main = repository.branch("main")
    given = {**PICK, "commits": [ROTA.upper()], "onto": f"{prefix}main", "branch": f"{prefix}pick/rota"}
    made = call(platform_client, "cherry_pick", **given)
    assert (made.name, made.onto, made.status, made.commit) == ("pick/rota", "main", "completed", made.commit)
    assert made.commit == repository.branch("pick/rota")
    assert repository.files(made.commit)[ROTA_FILE] == repository.files(ROTA)[ROTA_FILE]
    assert repository.branch("main") == main
    assert made.notes == [
        "No pull request was opened. create_pull_request opens one from branch 'pick/rota' to branch 'main'."
    ]


def test_several_commits_are_applied_in_the_order_in_which_they_are_given(platform_client, organization, repository):
    docs = build_organization(organization).project("Platform").repository("docs")
    first, second = (docs.commit(text, {"new.md": text}, branch="topic").tip("topic") for text in ("one", "two"))
    made = call(platform_client, "cherry_pick", **{**PICK, "commits": [first, second]})
    assert repository.text("/new.md", "pick/rota") == "two"
    said = refusal(platform_client, "cherry_pick", Conflict, **{**PICK, "commits": [second, first], "branch": "other"})
    assert f"commit {second} does not fit into branch 'main': /new.md changed otherwise there" in said
    assert made.commit


def test_a_pull_request_is_taken_back(platform_client, repository):
    assert "/docs/releases/cutting-a-release.md" in repository.files(repository.branch("main"))
    made = call(platform_client, "revert", **REVERT)
    assert "/docs/releases/cutting-a-release.md" not in repository.files(made.commit)
    assert repository.commit(made.commit).subject.startswith("Revert ")


def test_a_conflict_names_the_commit_and_the_files_and_no_branch_is_made(platform_client, repository, push):
    main = push("Platform", "docs", {ROTA_FILE: b"otherwise\n"})
    said = refusal(platform_client, "cherry_pick", Conflict, **PICK)
    assert f"commit {ROTA} does not fit into branch 'main': {ROTA_FILE} changed otherwise there." in said
    assert "No branch 'pick/rota' was made, and branch 'main' is unchanged." in said
    assert repository.branch("pick/rota") is None
    assert repository.branch("main") == main
    assert "has a conflict" in refusal(platform_client, "revert", Conflict, **{**PICK, "branch": "x"})


def test_the_approver_sees_the_commits_and_the_tip_of_the_branch(asked, repository):
    shown = asked("cherry_pick", **PICK)
    assert shown["commit_messages"] == [f"{ROTA} by Luis Ferreira: Update the on-call rota for December"]
    tip = repository.commit(repository.branch("main"))
    assert shown["onto_commit"] == f"{tip.id} by {tip.author.name}: {tip.subject}"
    shown = asked("revert", **REVERT)
    assert shown["pull_request_title"] == "Describe how a release is cut"
    assert shown["pull_request_status"] == "completed"
    assert shown["pull_request_commit"] == repository.find_commit("Merged PR 5: Describe how a release is cut").id


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ({"onto": "mian"}, NotFound, "Did you mean 'main'?"),
        ({"repository": "dcos"}, NotFound, "Did you mean 'docs'?"),
        ({"commits": ["0" * 39 + "1"]}, NotFound, "0001'. Check the id; it may belong to another repository."),
        ({"commits": ["main"]}, InvalidRequest, "40 hexadecimal digits"),
        ({"commits": []}, InvalidRequest, "either commits or one pull_request"),
        ({"pull_request": 5}, InvalidRequest, "either commits or one pull_request"),
        ({"commits": [], "pull_request": 9999}, NotFound, "There is no pull request 9999 in repository 'docs'"),
        ({"commits": [], "pull_request": 5, "repository": "dcos"}, NotFound, "Did you mean 'docs'?"),
        ({"branch": "a..b"}, InvalidRequest, "cannot have this name"),
        ({"branch": "refs/tags/v1"}, InvalidRequest, "is no branch"),
        ({"branch": "main"}, AlreadyExists, "branch 'main' exists already, at "),
        ({"branch": "main/more"}, AlreadyExists, "Choose another name"),
        ({"onto": "refs/tags/v1"}, InvalidRequest, "is no branch"),
    ],
    ids=str,
)
@pytest.mark.parametrize("tool", ["cherry_pick", "revert"])
def test_what_cannot_be_done(platform_client, repository, tool, arguments, kind, said):
    before = dict(repository.refs)
    assert said in refusal(platform_client, tool, kind, **{**PICK, **arguments})
    assert repository.refs == before


@pytest.mark.parametrize("arguments", [{"branch": "refs/tags/v1"}, {"commits": [ROTA, "main"]}], ids=str)
def test_nobody_is_asked_and_nothing_is_left_behind_when_one_of_several_names_is_wrong(connect, arguments):
    """A coroutine that was created beside the wrong name and is never awaited would be a warning."""
    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
            refusal(connect(writes="ask"), "cherry_pick", InvalidRequest, **{**PICK, **arguments})
        gc.collect()
    assert [str(warning.message) for warning in left] == []


@pytest.mark.parametrize("tool", ["cherry_pick", "revert"])
@pytest.mark.parametrize("writes", ["allow", "ask"])
def test_only_a_completed_pull_request_is_taken_and_nobody_is_asked_about_another(connect, repository, tool, writes):
    before, asked = dict(repository.refs), []
    with approve_writes_with(lambda request: asked.append(request) or request.approve("dana")):
        said = refusal(connect(writes=writes), tool, InvalidRequest, **{**REVERT, "pull_request": 16})
    assert "pull request 16 is active, and only a completed one can be cherry-picked or reverted." in said
    assert (repository.refs, asked) == (before, [])


@pytest.mark.parametrize(("tool", "given"), [("cherry_pick", PICK), ("revert", REVERT)])
def test_nobody_is_asked_about_a_branch_that_exists(connect, repository, tool, given):
    with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
        said = refusal(connect(), tool, AlreadyExists, **{**given, "branch": "main"})
    assert f"Nothing was changed: branch 'main' exists already, at {repository.branch('main')}." in said


def test_a_person_without_the_permission_is_told_which_one(platform_client, organization, repository):
    organization.deny(organization.named("svc-agent"), "CreateBranch")
    assert "'Create branch'" in refusal(platform_client, "cherry_pick", PermissionDenied, **PICK)


def operation(state="queued", **details):
    told = {"status": "none", **details} if details else None
    source = {"commitList": [{"commitId": ROTA}]}
    parameters = {"ontoRefName": "refs/heads/main", "generatedRefName": "refs/heads/pick/rota", "source": source}
    return ok({"cherryPickId": 7, "status": state, "detailedStatus": told, "parameters": parameters})


@pytest.fixture
def answering():
    """Cherry-picks on a service that gives these answers after the three reads that come first."""

    def pick(*answers, seconds=2.0):
        read = [*[ok({"value": [{"commitId": "a" * 40}]})] * 2, ok({"value": []})]
        with StubService([*read, *answers]) as service:
            settings = load_settings(base_url=service.base_url, pat="x" * 52, default_project="P")
            context = RunContext(timeouts=Timeouts(call=seconds, recovery=0.02, retry_pause=0.001))
            with AzureDevOps(settings, writes="allow", context=context) as client:
                return cherry_pick.call_sync(client, **PICK)

    return pick


def test_what_still_runs_at_the_end_of_the_time_is_said_to_run(answering):
    made = answering(operation(), *[operation("inProgress", progress=0.5)] * 5)
    assert (made.status, made.commit) == ("inProgress", None)
    assert "still at it: it is inProgress" in made.notes[0]
    assert "Do not ask for it again" in made.notes[0]
    assert "list_branches" in made.notes[0]


@pytest.mark.parametrize(
    ("details", "kind", "said"),
    [
        ({"status": "targetBranchDeleted"}, NotFound, "there is no branch 'main' any more"),
        ({"status": "writePermissionRequired"}, PermissionDenied, "'Contribute'"),
        ({"status": "gitObjectTooLarge", "failureMessage": "Too big"}, Conflict, "Too big"),
        ({"status": "other", "failureMessage": "Strange"}, Conflict, "no branch 'pick/rota' was made: Strange"),
        ({"status": "none", "timedout": True}, Conflict, "it took too long"),
        ({}, Conflict, "was made: abandoned"),
    ],
)
def test_each_failure_is_told_in_words(answering, details, kind, said):
    with pytest.raises(kind, match=re.escape(said)):
        answering(operation(), operation("abandoned", **details))


@pytest.mark.parametrize(("tool", "given"), [(cherry_pick, PICK), (revert, REVERT)], ids=["cherry_pick", "revert"])
def test_an_answer_that_was_lost_is_found_again_by_its_values_and_its_push(
    organization, quick, repository, tool, given
):
    end = "/cherryPicks" if tool is cherry_pick else "/reverts"
    organization.faults.add(Fault(kind="reset", method="POST", path=end, when="after", times=1))
    made = tool.call_sync(quick, **given)
    assert made.commit == repository.branch(given["branch"])
    assert "looked up" in made.notes[0]


def test_one_that_was_never_begun_stays_unknown(organization, quick, repository):
    organization.faults.add(Fault(kind="reset", method="POST", path="/cherryPicks", when="before", times=1))
    with pytest.raises(WriteOutcomeUnknown, match="did not find a cherry-pick of these commits"):
        cherry_pick.call_sync(quick, **PICK)
    assert repository.branch("pick/rota") is None


def test_one_that_failed_may_be_of_anybody(organization, quick, push):
    push("Platform", "docs", {ROTA_FILE: b"otherwise\n"})
    organization.faults.add(Fault(kind="reset", method="POST", path="/cherryPicks", when="after", times=1))
    with pytest.raises(WriteOutcomeUnknown, match="ended without a branch"):
        cherry_pick.call_sync(quick, **PICK)


def test_the_same_of_another_person_is_not_taken_for_it(organization, quick, repository, connect):
    organization.add_token("tom", ("vso.project", "vso.code_manage"), organization.named("Tom Becker"))
    call(connect("tom", writes="allow"), "cherry_pick", **PICK)
    del repository.refs["refs/heads/pick/rota"]
    organization.faults.add(Fault(kind="reset", method="POST", path="/cherryPicks", when="before", times=1))
    with pytest.raises(WriteOutcomeUnknown, match="was completed, but not by this account since then"):
        cherry_pick.call_sync(quick, **PICK)


def test_one_that_was_made_long_before_is_not_taken_for_it(organization, quick, repository, connect):
    call(connect(writes="allow"), "cherry_pick", **PICK)
    organization.clock.tick(3600)
    del repository.refs["refs/heads/pick/rota"]
    organization.faults.add(Fault(kind="reset", method="POST", path="/cherryPicks", when="before", times=1))
    with pytest.raises(WriteOutcomeUnknown, match="was completed, but not by this account since then"):
        cherry_pick.call_sync(quick, **PICK)


async def test_of_two_at_once_into_one_branch_only_one_is_made(platform_client, repository):
    async def one(tool, given):
        try:
            return (await tool(platform_client, **given)).commit
        except AlreadyExists as error:
            return error.message

    both = await asyncio.gather(one(cherry_pick, PICK), one(revert, {**REVERT, "branch": PICK["branch"]}))
    assert repository.branch("pick/rota") in both
    assert any("'pick/rota'" in str(each) for each in both)
