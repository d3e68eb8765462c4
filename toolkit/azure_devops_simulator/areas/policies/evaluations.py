"""What the policies of a branch say of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.areas.git.lookup import git_error
from azure_devops_simulator.areas.policies.configurations import READ, WRITE, configuration_shape, policy_error
from azure_devops_simulator.areas.pull_requests.lifecycle import refresh
from azure_devops_simulator.areas.pull_requests.policies import Evaluation, evaluate, evaluation_id
from azure_devops_simulator.areas.pull_requests.validation import queue_validation
from azure_devops_simulator.state.policies import BUILD
from azure_devops_simulator.state.pull_requests import PullRequest
from azure_devops_simulator.state.values import JsonObject, timestamp

area = Area("policy")

_ALL = "{project}/_apis/policy/evaluations"
_ONE = f"{_ALL}/{{evaluation}}"
_VERSION = "7.1-preview.1"
_ARTIFACT = re.compile(r"vstfs:///CodeReview/CodeReviewId/([^/]+)/(\d{1,9})", re.IGNORECASE)
_MOST = 1000


@area.get(_ALL, scopes=READ, version=_VERSION, query="artifactId includeNotApplicable $top $skip")
def list_evaluations(call: Call) -> Answer:
    """Return what each policy says of the pull request `vstfs:///CodeReview/CodeReviewId/{project id}/{number}`."""
    pull = _named(call)
    everything = call.query.flag("includeNotApplicable")
    found = [row for row in evaluate(call.organization, pull) if everything or row.status != "notApplicable"]
    skip, top = call.query.count("$skip", 0), call.query.count("$top", _MOST)
    return collection(_shape(call, pull, row) for row in found[skip : skip + top])


def _named(call: Call) -> PullRequest:
    """Return the pull request of `artifactId`. What the service answers to others is a guess."""
    wanted = unquote(call.query.text("artifactId"))
    match = _ARTIFACT.fullmatch(wanted)
    if match is None:
        raise ArgumentError(f"The artifact id '{wanted}' is not valid.", "artifactId")
    for pull in _pull_requests(call):
        if pull.id == int(match[2]) and match[1].lower() == pull.repository.project.id:
            return pull
    message = "TF401180: The requested pull request was not found."
    raise git_error(404, "GitPullRequestNotFoundException", message)


def _pull_requests(call: Call) -> Iterator[PullRequest]:
    project = call.in_project()
    for pull in call.organization.pull_requests.values():
        if pull.repository.project is project and not pull.repository.deleted:
            refresh(call.organization, pull)
            yield pull


def _find(call: Call) -> tuple[PullRequest, Evaluation]:
    wanted = call.path["evaluation"].lower()
    for pull in _pull_requests(call):
        for row in evaluate(call.organization, pull):
            if evaluation_id(pull, row.policy) == wanted:
                return pull, row
    # The type key and the text are a guess.
    raise policy_error(404, "PolicyEvaluationNotFoundException", f"The policy evaluation {wanted} does not exist.")


@area.get(_ONE, scopes=READ, version=_VERSION)
def get_evaluation(call: Call) -> JsonObject:
    """Return what one policy says of one pull request."""
    return _shape(call, *_find(call))


@area.patch(_ONE, scopes=WRITE, version=_VERSION)
def requeue_evaluation(call: Call) -> JsonObject:
    """Evaluate again. A build policy queues a new build and cancels the one that runs; others do nothing."""
    pull, row = _find(call)
    if row.policy.type == BUILD and pull.status == "active":
        call.organization.clock.tick()
        queue_validation(call.organization, pull, row.policy, call.user)
    return _shape(call, *_find(call))


def _shape(call: Call, pull: PullRequest, row: Evaluation) -> JsonObject:
    shape: JsonObject = {
        "configuration": configuration_shape(call, row.policy),
        "artifactId": f"vstfs:///CodeReview/CodeReviewId/{pull.repository.project.id}%2f{pull.id}",
        "evaluationId": evaluation_id(pull, row.policy),
        "startedDate": timestamp(max(pull.created, row.policy.created)),
        "status": row.status,
    }
    return shape | ({"context": row.context} if row.context else {})
