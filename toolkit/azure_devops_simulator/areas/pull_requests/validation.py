"""Builds that validate the merge of a pull request, as the policies of its target ask for them."""

from __future__ import annotations

from azure_devops_simulator.areas.builds.lookup import InvalidRunError
from azure_devops_simulator.areas.builds.queueing import Order, yaml_of
from azure_devops_simulator.areas.builds.run import cancel, plan_build
from azure_devops_simulator.areas.pull_requests.policies import evaluate, validation_ref
from azure_devops_simulator.state.builds import Build
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.policies import BUILD, Policy
from azure_devops_simulator.state.pull_requests import PullRequest


def queue_validations(organization: Organization, pull: PullRequest, *, pushed: bool) -> None:
    """Queue the builds that policies ask for after a push to the source, or after the target moved.

    A draft waits until it is published, and a build that is queued by hand until somebody does so.
    """
    if pull.is_draft:
        return
    for found in evaluate(organization, pull):
        policy = found.policy
        by_hand = policy.is_set("manualQueueOnly") or (not pushed and policy.is_set("queueOnSourceUpdateOnly"))
        if policy.type == BUILD and found.status != "notApplicable" and not by_hand:
            queue_validation(organization, pull, policy, pull.creator)


def queue_validation(organization: Organization, pull: PullRequest, policy: Policy, by: User) -> Build | None:
    """Queue the build of a policy for the merge of both branches, and cancel the one that runs.

    There is none when the branches cannot be merged, and none without a valid YAML file in this repository.
    """
    number = policy.settings.get("buildDefinitionId")
    definition = organization.builds.definitions.get(number) if isinstance(number, int) else None
    if definition is None or definition.repository is not pull.repository or pull.merge_commit is None:
        return None
    now = organization.clock.now()
    order = Order(pull.target, pull.merge_commit, reason="pullRequest")
    try:
        text = yaml_of(definition, order)[2]
    except InvalidRunError:
        return None
    ref, store = validation_ref(pull), organization.builds
    for build in store.builds.values():
        if build.source_branch == ref and build.definition is definition:
            cancel(store, build, now)
    build = store.add_build(definition, branch=ref, version=pull.merge_commit, by=by, when=now, reason="pullRequest")
    build.trigger_info = {
        "pr.number": str(pull.id),
        "pr.sourceBranch": pull.source,
        "pr.sourceSha": pull.last_source,
    }
    plan_build(build, text)
    store.watch(build)
    return build
