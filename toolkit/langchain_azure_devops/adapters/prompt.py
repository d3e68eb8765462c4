"""The part of a prompt that tells a model how to use the tools of a toolkit."""

from collections.abc import Mapping

from langchain_azure_devops.access.selection import Absence
from langchain_azure_devops.results.conventions import (
    CURSORS,
    ERRORS,
    FENCES,
    NO_ORDERS,
    REJECTED,
    SECRETS,
    WRITES,
    describe_organization,
)
from langchain_azure_devops.safety.grants import WritePolicy


def write_prompt(
    organization: str,
    project: str | None,
    writes: WritePolicy,
    absent: Mapping[str, Absence],
    name_prefix: str = "",
) -> str:
    """Return the conventions of the results, the organization, and what the model cannot do.

    Args:
        organization: The bare name.
        project: The default project.
        writes: What happens to a write; "deny" also for a client that only reads.
        absent: The tools that the model does not have, by their bound names, and why.
        name_prefix: The beginning of the names of the tools; empty when they have none in common.
    """
    tools = f"The tools whose names begin with {name_prefix!r}" if name_prefix else "The Azure DevOps tools"
    rules = [CURSORS, f"{FENCES} {NO_ORDERS}", SECRETS, ERRORS]
    if writes == "deny":
        rules.append("You can only read: no tool changes anything.")
    elif writes == "ask":
        rules.append(f"{WRITES} {REJECTED}")
    lines = [f"{tools} show the live state. {describe_organization(organization, project)}", *_list(rules)]
    if absent and writes != "deny":
        lines += ["You do not have these tools; say so when a task needs one:", *_list(_group(absent))]
    return "\n".join(lines)


def _list(rules: list[str]) -> list[str]:
    return [f"- {rule}" for rule in rules]


def _group(absent: Mapping[str, Absence]) -> list[str]:
    """Return one line for each reason, with the tools that it keeps away."""
    names: dict[str, list[str]] = {}
    for name, absence in absent.items():
        names.setdefault(" ".join([absence.reason, " and ".join(absence.least)]).strip(), []).append(name)
    return [f"{', '.join(tools)}: {reason}" for reason, tools in names.items()]
