"""Approvals of runs are decided once, by somebody else than the one whose run it is, and a lost answer is proven."""

import pytest
from pydantic import JsonValue
from tool_calls import call, refusal, writes

from azure_devops_simulator import Fault, build_organization
from langchain_azure_devops import AzureDevOps, approve_writes_with
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.errors import Conflict, NotFound, WriteBlocked, WriteOutcomeUnknown
from langchain_azure_devops.results.models import Result
from langchain_azure_devops.scopes import Scope

APPROVAL = "1bff5e5d-9a2b-5955-bc5c-d86a68a56b05"


def ask(organization, number, *approvers):
    """Let a build wait for an approval of these people."""
    environment = build_organization(organization).project("Platform").add_environment("test")
    return environment.ask(organization.builds.builds[number], *approvers)


@pytest.mark.parametrize(("decision", "status"), [("approve", "approved"), ("reject", "rejected")])
def test_a_decision_is_written_with_its_comment(platform_client, organization, sent, decision, status):
    done = call(platform_client, "decide_approval", approval=APPROVAL, decision=decision, comment="Looked at it.")
    assert (done.status, done.build, done.pipeline) == (status, 38, "platform-api-ci")
    step = organization.deployment.approvals[APPROVAL].steps[1]
    assert (step.status, step.actual.display_name, step.comment) == (status, "svc-agent", "Looked at it.")
    [request] = writes(sent)
    assert (request.method, request.url.path) == ("PATCH", "/tidewater/Platform/_apis/pipelines/approvals")


def test_the_person_sees_which_run_waits_and_who_asked(connect):
    shown = []

    def approve(request):
        shown.append(request.current)
        return request.approve(by="dana")

    client = connect(writes="ask")
    with approve_writes_with(approve):
        call(client, "decide_approval", approval=APPROVAL, decision="approve")
    [current] = shown
    assert current["run"] == 38
    assert (current["asked_by"], current["branch"]) == ("Priya Raman", "refs/heads/release/2.8")
    assert (current["approvers"], current["needed"]) == (["Dana Ortiz", "svc-agent"], 1)
    assert len(current["commit"]) == 40


def test_the_stage_is_shown_where_the_run_names_it(connect, organization):
    shown = []
    approval = ask(organization, 35, "svc-agent")

    def approve(request):
        shown.append(request.current)
        return request.reject(by="dana")

    with approve_writes_with(approve), pytest.raises(WriteBlocked):
        call(connect(writes="ask"), "decide_approval", approval=approval.id, decision="approve")
    assert shown[0]["stage"] == "Deploy"
    assert approval.status == "pending"


def test_what_is_decided_is_not_decided_again(platform_client, organization, sent):
    call(platform_client, "decide_approval", approval=APPROVAL, decision="approve")
    again = call(platform_client, "decide_approval", approval=APPROVAL, decision="approve")
    assert again.notes == ["This account has decided so already (approved), so nothing was sent."]
    told = refusal(platform_client, "decide_approval", Conflict, approval=APPROVAL, decision="reject")
    assert "is approved already" in told
    assert len(writes(sent)) == 1
    missing = "00000000-0000-4000-8000-000000000001"
    refusal(platform_client, "decide_approval", NotFound, approval=missing, decision="approve")


@pytest.mark.parametrize("role", ["requested_by", "requested_for"])
def test_the_run_of_the_own_account_is_not_decided(platform_client, organization, sent, role):
    setattr(organization.builds.builds[38], role, organization.named("svc-agent"))
    told = refusal(platform_client, "decide_approval", WriteBlocked, approval=APPROVAL, decision="approve")
    assert "run 38 was started by this token's own account, svc-agent" in told
    assert writes(sent) == []


def test_the_own_commit_is_not_decided(platform_client, organization, sent):
    project = build_organization(organization).project("Platform")
    repository = project.repository("platform-api")
    repository.commit("By the agent", {"/x.md": "x"}, branch="own", author="svc-agent")
    organization.builds.builds[38].source_version = repository.tip("own")
    told = refusal(platform_client, "decide_approval", WriteBlocked, approval=APPROVAL, decision="reject")
    assert "commit of run 38 was made by this token's own account" in told
    assert writes(sent) == []


def test_a_run_of_the_own_pull_request_is_not_decided(platform_client, organization, sent):
    approval = ask(organization, 31, "svc-agent")
    organization.pull_requests[15].creator = organization.named("svc-agent")
    told = refusal(platform_client, "decide_approval", WriteBlocked, approval=approval.id, decision="approve")
    assert "pull request 15 was opened by this token's own account" in told
    assert writes(sent) == []


def test_a_run_that_nobody_knows_is_not_decided(platform_client, organization, sent):
    del organization.builds.builds[38]
    told = refusal(platform_client, "decide_approval", WriteBlocked, approval=APPROVAL, decision="approve")
    assert "it is not known whether the run" in told
    assert writes(sent) == []


def test_the_constructor_lifts_the_rule(connect, organization):
    organization.builds.builds[38].requested_for = organization.named("svc-agent")
    client = connect(writes="allow", allow_own_reviews=True)
    assert call(client, "decide_approval", approval=APPROVAL, decision="approve").status == "approved"


own = Toolset.named("own", "Tools of a user.")


class Done(Result):
    """What a tool of a user returns."""

    status: int


@own.write(Scope.BUILD_EXECUTE, sends="PATCH /{project}/_apis/pipelines/approvals", targets=("project", "approval"))
async def approve_anything(client: AzureDevOps, *, project: str, approval: str) -> Done:
    """Approve without asking whose run it is."""
    body: list[JsonValue] = [{"ApprovalID": approval, "status": "approved"}] if approval else []
    response = await client.post(
        "/{project}/_apis/pipelines/approvals", body, path={"project": project}, method="PATCH"
    )
    return Done(status=response.status_code)


def test_the_rule_holds_for_the_tools_of_users(platform_client, organization, sent):
    organization.builds.builds[38].requested_for = organization.named("svc-agent")
    for approval in (APPROVAL, ""):
        with pytest.raises(WriteBlocked, match="Somebody else has to decide"):
            approve_anything.call_sync(platform_client, project="Platform", approval=approval)
    assert [request for request in sent if request.method == "PATCH"] == []


def test_a_lost_answer_is_settled_by_the_decision_that_is_found(hasty, organization):
    organization.faults.add(Fault("reset", method="PATCH", path="approvals", when="after", times=1))
    done = call(hasty, "decide_approval", approval=APPROVAL, decision="approve", comment="Fine.")
    assert done.status == "approved"
    assert "looked up and found" in " ".join(done.notes)


def test_what_cannot_be_proven_stays_unknown(hasty, organization):
    organization.faults.add(Fault("reset", method="PATCH", path="approvals", when="before", times=1))
    with pytest.raises(WriteOutcomeUnknown):
        call(hasty, "decide_approval", approval=APPROVAL, decision="approve")
    assert organization.deployment.approvals[APPROVAL].status == "pending"
