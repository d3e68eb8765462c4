"""How a client wants a pull request to be completed."""

from __future__ import annotations

from azure_devops_simulator.api.errors import NotSimulatedError
from azure_devops_simulator.api.parsing import as_list, as_object
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject

_HONOURED = {
    "bypassPolicy",
    "bypassReason",
    "deleteSourceBranch",
    "mergeCommitMessage",
    "mergeStrategy",
    "squashMerge",
    "transitionWorkItems",
}
_WITHOUT_EFFECT = {"conflictAuthorshipCommits", "detectRenameFalsePositives", "disableRenames"}
_IGNORED_POLICIES = "autoCompleteIgnoreConfigIds"


def read_completion_options(project: Project, body: JsonObject) -> JsonObject:
    """Return the completion options of a body. What neither the service nor the simulator knows is left out.

    `autoCompleteIgnoreConfigIds` is kept where it asks for nothing: without the policies that it names.

    Raises:
        NotSimulatedError: The options, or those of the merge, ask for something that would have no effect.
    """
    options = as_object(body.get("completionOptions"))
    ignored = {str(number) for number in as_list(options.get(_IGNORED_POLICIES))}
    if ignored & {str(number) for number in project.policies}:
        raise NotSimulatedError(f"{_IGNORED_POLICIES} in the completion options of a pull request")
    merging = as_object(body.get("mergeOptions"))
    for name in sorted(_WITHOUT_EFFECT & merging.keys()):
        if merging[name]:
            raise NotSimulatedError(f"{name} in the merge options of a pull request")
    return {name: value for name, value in options.items() if name in _HONOURED | {_IGNORED_POLICIES}}
