"""How a client wants a pull request to be completed."""

from __future__ import annotations

from azure_devops_simulator.api.errors import NotSimulatedError
from azure_devops_simulator.api.parsing import as_object
from azure_devops_simulator.state.values import JsonObject

_HONOURED = {
    "autoCompleteIgnoreConfigIds",
    "bypassPolicy",
    "bypassReason",
    "deleteSourceBranch",
    "mergeCommitMessage",
    "mergeStrategy",
    "squashMerge",
    "transitionWorkItems",
}
_WITHOUT_EFFECT = {"conflictAuthorshipCommits", "detectRenameFalsePositives", "disableRenames"}


def read_completion_options(body: JsonObject) -> JsonObject:
    """Return the completion options of a body. What neither the service nor the simulator knows is left out.

    Raises:
        NotSimulatedError: The options of the merge ask for something that would have no effect.
    """
    options = as_object(body.get("completionOptions"))
    merging = as_object(body.get("mergeOptions"))
    for name in sorted(_WITHOUT_EFFECT & merging.keys()):
        if merging[name]:
            raise NotSimulatedError(f"{name} in the merge options of a pull request")
    return {name: value for name, value in options.items() if name in _HONOURED}
