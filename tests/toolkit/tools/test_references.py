"""Branches and tags: what is made and deleted, what an approver is shown, and why the service did not do it."""

import pytest
from stub_service import StubService, ok
from tool_calls import Exempt, call, refusal, text_of

from azure_devops_simulator.state.policies import COMMENTS, Policy
from langchain_azure_devops import AzureDevOps, approve_writes_with, load_settings
from langchain_azure_devops.errors import (
    AlreadyExists,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RefusedByPolicy,
    ScopeMissing,
    WriteBlocked,
    WriteOutcomeUnknown,
)
from langchain_azure_devops.runtime import RunContext, Timeouts
from langchain_azure_devops.tools.changes import create_branch

DOCS = {"repository": "docs"}
ROTA = "feature/rota-december"


@pytest.fixture
def refs(organization):
    return organization.project("Platform").repository("docs").refs


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
def answering():
    """Creates a branch on a service that gives this answer."""

    def create(answer):
        with StubService([ok({"value": [{"commitId": "a" * 40}]}), ok({"value": []}), ok(answer)]) as service:
            settings = load_settings(base_url=service.base_url, pat="x" * 52, default_project="P")
            context = RunContext(timeouts=Timeouts(recovery=0.02, recovery_pause=0.01, retry_pause=0.001))
            with AzureDevOps(settings, writes="allow", context=context) as client:
                create_branch.call_sync(client, repository="r", branch="x", source="main")

    return create


@pytest.mark.parametrize("branch", ["feature/glossary", "refs/heads/feature/glossary"])
@pytest.mark.parametrize("source", [ROTA, f"refs/heads/{ROTA}", "the commit"])
def test_a_branch_begins_at_a_branch_or_a_commit(platform_client, refs, branch, source):
    tip = refs[f"refs/heads/{ROTA}"]
    given = tip.upper() if source == "the commit" else source
    made = call(platform_client, "create_branch", **DOCS, branch=branch, source=given)
    assert (made.name, made.commit) == ("feature/glossary", tip)
    assert refs["refs/heads/feature/glossary"] == tip


def test_a_branch_may_begin_at_a_tag_also_at_an_annotated_one(platform_client, organization):
    repository = organization.project("Platform").repository("platform-api")
    made = call(platform_client, "create_branch", repository="platform-api", branch="fix", source="refs/tags/v2.8.0")
    assert made.commit == repository.peel(repository.refs["refs/tags/v2.8.0"])
    assert repository.refs["refs/heads/fix"] == made.commit


def test_the_approver_sees_the_commit_of_a_new_branch(asked, refs):
    shown = asked("create_branch", **DOCS, branch="feature/glossary", source=ROTA)
    assert (shown["project"], shown["repository"]) == ("Platform", "docs")
    assert shown["commit"] == refs[f"refs/heads/{ROTA}"]
    assert shown["commit_message"]
    assert shown["commit_author"]


@pytest.mark.parametrize(("tool", "kind"), [("create_branch", "branch"), ("create_tag", "tag")])
@pytest.mark.parametrize("more", [{}, {"message": "As printed"}])
def test_nobody_is_asked_about_a_name_that_is_taken(platform_client, connect, refs, tool, kind, more):
    call(platform_client, "create_branch", **DOCS, branch="taken", source="main")
    call(platform_client, "create_tag", **DOCS, tag="taken", source="main")
    given = {**DOCS, kind: "taken", "source": ROTA, **(more if kind == "tag" else {})}
    with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
        said = refusal(connect(), tool, AlreadyExists, **given)
    assert f"Nothing was changed: {kind} 'taken' exists already, at {refs['refs/heads/main']}." in said


def test_a_branch_that_exists_is_left_alone_and_its_commit_is_named(platform_client, refs):
    tip = refs[f"refs/heads/{ROTA}"]
    said = refusal(platform_client, "create_branch", AlreadyExists, **DOCS, branch=ROTA, source="main")
    assert f"branch '{ROTA}' exists already, at {tip}" in said
    assert refs[f"refs/heads/{ROTA}"] == tip


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ({"source": "mian"}, NotFound, "Did you mean 'main'?"),
        ({"repository": "dcos"}, NotFound, "Did you mean 'docs'?"),
        ({"source": "0" * 39 + "1"}, NotFound, "has no commit"),
        ({"branch": "a..b"}, InvalidRequest, "cannot have this name"),
        ({"branch": "refs/tags/v1"}, InvalidRequest, "is no branch"),
        ({"branch": "refs/heads/"}, InvalidRequest, "needs a name"),
        ({"branch": "main/more"}, AlreadyExists, "Choose another name"),
    ],
    ids=str,
)
def test_what_no_branch_can_be_made_of(platform_client, refs, arguments, kind, said):
    before = dict(refs)
    given = {**DOCS, "branch": "feature/glossary", "source": "main", **arguments}
    assert said in refusal(platform_client, "create_branch", kind, **given)
    assert refs == before


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        ("forcePushRequired", PermissionDenied, "Force push"),
        ("writePermissionRequired", PermissionDenied, "'Contribute'"),
        ("createBranchPermissionRequired", PermissionDenied, "'Create branch'"),
        ("rejectedByPolicy", RefusedByPolicy, "open a pull request"),
        ("rejectedByPlugin", Conflict, "refused by an extension of the server. The service adds: Too large (Scanner)"),
        ("locked", Conflict, "locked by somebody"),
        ("invalidRefName", InvalidRequest, "cannot have this name"),
        ("refNameConflict", AlreadyExists, "differs only in upper and lower case"),
        ("unresolvableToCommit", InvalidRequest, "no such commit"),
        ("succeededNonExistentRef", NotFound, "there is no branch 'x' any more"),
        ("somethingNew", Conflict, "The service says somethingNew"),
    ],
)
def test_each_status_of_a_refused_update_is_told_in_words(answering, status, kind, said):
    row = {
        "name": "refs/heads/x",
        "oldObjectId": "0" * 40,
        "newObjectId": "a" * 40,
        "success": False,
        "updateStatus": status,
        "customMessage": "Too large",
        "rejectedBy": "Scanner",
    }
    with pytest.raises(kind) as caught:
        answering({"value": [row], "count": 1})
    assert type(caught.value) is kind
    assert said in caught.value.message
    assert "Nothing was changed" in caught.value.message


def test_an_answer_without_the_result_of_the_update_is_no_success(answering):
    with pytest.raises(WriteOutcomeUnknown):
        answering({"value": [], "count": 0})


def test_a_deleted_branch_can_be_restored_from_what_the_deletion_says(platform_client, refs):
    tip = refs[f"refs/heads/{ROTA}"]
    gone = call(platform_client, "delete_branch", **DOCS, branch=ROTA, commit=tip)
    assert f"refs/heads/{ROTA}" not in refs
    assert gone.commit == tip
    assert "restores the branch" in gone.notes[0]
    call(platform_client, "create_branch", **DOCS, branch=gone.name, source=gone.commit)
    assert refs[f"refs/heads/{ROTA}"] == tip


def test_a_branch_that_has_moved_is_not_deleted_and_it_is_said_where_it_is(platform_client, refs, push):
    seen = refs[f"refs/heads/{ROTA}"]
    now = push("Platform", "docs", {"/new.md": b"new"}, ROTA)
    said = refusal(platform_client, "delete_branch", Conflict, **DOCS, branch=ROTA, commit=seen)
    assert f"is at {now} by now, not at {seen}" in said
    assert refs[f"refs/heads/{ROTA}"] == now


def test_nobody_is_asked_about_the_deletion_of_a_branch_that_is_elsewhere(connect, refs, push):
    seen = refs[f"refs/heads/{ROTA}"]
    now = push("Platform", "docs", {"/new.md": b"new"}, ROTA)
    with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
        said = refusal(connect(), "delete_branch", Conflict, **DOCS, branch=ROTA, commit=seen)
        assert f"is at {now} by now, not at {seen}" in said
        said = refusal(connect(), "delete_branch", NotFound, **DOCS, branch="gone", commit=seen)
        assert "there is no branch 'gone' any more" in said


def test_the_approver_of_a_deletion_sees_what_is_lost(asked, platform_client, refs, push):
    for lost in ("1 commit is not on main", "2 commits are not on main"):
        shown = asked("delete_branch", **DOCS, branch=ROTA, commit=refs[f"refs/heads/{ROTA}"])
        assert shown["lost"] == lost
        push("Platform", "docs", {f"/{len(lost)}.md": b"new"}, ROTA)
    call(platform_client, "create_branch", **DOCS, branch="merged", source="main")
    shown = asked("delete_branch", **DOCS, branch="merged", commit=refs["refs/heads/main"])
    assert shown["lost"] == "nothing: merged into main"


def test_the_approver_of_a_deletion_sees_the_newest_commit_of_the_branch(asked, organization, refs, push):
    tip = push("Platform", "docs", {"/new.md": b"new"}, ROTA)
    shown = asked("delete_branch", **DOCS, branch=ROTA, commit=tip)
    made = organization.project("Platform").repository("docs").commit(tip)
    told = (shown["commit"], shown["commit_message"], shown["commit_author"])
    assert told == (tip, made.message, made.author.name)


def test_the_approver_of_a_deletion_sees_the_commit_and_the_open_pull_requests(asked, refs):
    tip = refs[f"refs/heads/{ROTA}"]
    shown = asked("delete_branch", **DOCS, branch=ROTA, commit=tip)
    assert (shown["project"], shown["repository"], shown["commit"]) == ("Platform", "docs", tip)
    assert shown["commit_message"]
    assert shown["open_pull_requests"] == [f"16: Update the on-call rota for December (from {ROTA} to main)"]


@pytest.mark.parametrize(
    ("branch", "commit", "kind", "said"),
    [
        ("main", "the tip", Conflict, "the default branch"),
        ("refs/heads/main", "the tip", Conflict, "the default branch"),
        (ROTA, "main", InvalidRequest, "is no commit id"),
        (ROTA, "729a226", InvalidRequest, "40 hexadecimal digits"),
        ("feature/gone", "the tip", NotFound, "there is no branch 'feature/gone' any more"),
        ("feature/rota-decembr", "the tip", NotFound, f"any more. Did you mean '{ROTA}'?"),
        ("refs/tags/v1", "the tip", InvalidRequest, "is no branch"),
    ],
)
def test_what_is_not_deleted(platform_client, refs, branch, commit, kind, said):
    before = dict(refs)
    given = refs["refs/heads/main"] if commit == "the tip" else commit
    assert said in refusal(platform_client, "delete_branch", kind, **DOCS, branch=branch, commit=given)
    assert refs == before


@pytest.fixture
def policies(organization):
    """Protects the branch of the rota by a policy; returns the policies of the project."""
    project = organization.project("Platform")
    scope = {"repositoryId": project.repository("docs").id, "refName": f"refs/heads/{ROTA}", "matchKind": "exact"}
    someone = organization.named("Dana Ortiz")
    project.policies[9] = Policy(9, COMMENTS, {"scope": [scope]}, someone, organization.clock.now())
    return project.policies


@pytest.mark.parametrize("writes", ["allow", "ask"])
def test_a_branch_with_a_policy_is_not_deleted_and_nobody_is_asked(connect, policies, refs, writes):
    tip = refs[f"refs/heads/{ROTA}"]
    with approve_writes_with(lambda request: pytest.fail(f"asked about {request.tool}")):
        said = refusal(connect(writes=writes), "delete_branch", RefusedByPolicy, **DOCS, branch=ROTA, commit=tip)
    assert f"the deletion of branch '{ROTA}' is blocked by policy 9 (Comment requirements)." in said
    assert "Only pull requests change this branch" in said
    assert "only a constructor with allow_policy_bypass=True allows that" in said
    assert refs[f"refs/heads/{ROTA}"] == tip


def test_with_the_option_the_approver_of_a_deletion_sees_the_policies_and_the_result_names_them(
    connect, server, policies, refs
):
    client, shown = connect(transport=Exempt(server.base_url, policies), allow_policy_bypass=True), []
    with approve_writes_with(lambda request: shown.append(request.current) or request.approve("dana")):
        gone = call(client, "delete_branch", **DOCS, branch=ROTA, commit=refs[f"refs/heads/{ROTA}"])
    assert shown[0]["policies_passed_over"] == ["9 (Comment requirements): all comments are resolved"]
    assert gone.notes[0] == "It passed over policy 9, by which only pull requests change the branch."
    assert f"refs/heads/{ROTA}" not in refs


def test_a_lightweight_tag_is_the_commit_itself(platform_client, refs):
    made = call(platform_client, "create_tag", **DOCS, tag="handbook", source="main")
    assert (made.name, made.commit, made.message) == ("handbook", refs["refs/heads/main"], None)
    assert refs["refs/tags/handbook"] == made.commit


def test_a_tag_with_a_message_is_listed_with_its_author_and_message(platform_client, refs):
    made = call(platform_client, "create_tag", **DOCS, tag="refs/tags/handbook", source="main", message="As printed")
    assert made.commit == refs["refs/heads/main"] != refs["refs/tags/handbook"]
    [tag] = call(platform_client, "list_tags", **DOCS).items
    assert (tag.name, tag.commit, tag.message, tag.tagged_by) == ("handbook", made.commit, "As printed", "svc-agent")


@pytest.mark.parametrize("message", [None, "Again"])
def test_a_tag_that_exists_is_left_alone(platform_client, refs, message):
    call(platform_client, "create_tag", **DOCS, tag="handbook", source=ROTA)
    at = refs["refs/tags/handbook"]
    more = {"message": message} if message else {}
    said = refusal(
        platform_client,
        "create_tag",
        AlreadyExists,
        **DOCS,
        tag="handbook",
        source="main",
        **more,
    )
    assert f"ag 'handbook' exists already, at {at}" in said
    assert refs["refs/tags/handbook"] == at


def test_nobody_is_asked_about_a_message_for_which_the_declared_scopes_do_not_suffice(server, organization):
    organization.add_token("writer", ("vso.code_write",))
    settings = load_settings(
        base_url=server.base_url, pat="writer", default_project="Platform", scopes="vso.code_write"
    )
    asked = []
    with AzureDevOps(settings) as client, approve_writes_with(asked.append):
        said = refusal(client, "create_tag", ScopeMissing, **DOCS, tag="handbook", source="main", message="As printed")
        assert "needs a token with the scope vso.code_manage" in said
        assert asked == []
        with pytest.raises(WriteBlocked):
            call(client, "create_tag", **DOCS, tag="handbook", source="main")
    assert len(asked) == 1


def test_a_message_needs_the_scope_to_manage_code_and_the_error_names_the_other_way(organization, connect):
    organization.add_token("writer", ("vso.project", "vso.code_write"))
    client = connect("writer", writes="allow")
    said = refusal(client, "create_tag", ScopeMissing, **DOCS, tag="handbook", source="main", message="As printed")
    assert "vso.code_manage" in said
    assert "Leave the message out" in said
    assert call(client, "create_tag", **DOCS, tag="handbook", source="main").name == "handbook"


def test_each_result_names_its_page(platform_client, refs):
    shown = text_of(platform_client, "create_branch", **DOCS, branch="feature/glossary", source="main")
    assert "feature/glossary" in shown
    assert refs["refs/heads/main"] in shown
