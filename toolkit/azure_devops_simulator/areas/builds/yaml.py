"""The YAML of a pipeline: read it from its repository, and find the mistakes that stop a run before it starts."""

from __future__ import annotations

import re

from azure_devops_simulator.state.builds import Definition

_TEMPLATE = re.compile(r"^(?P<indent>[\s-]*template:\s*)(?P<path>[^\s@#]+)@(?P<alias>[\w-]+)", re.MULTILINE)
_RESOURCE = re.compile(r"^\s*-\s*repository:\s*(?P<alias>[\w-]+)", re.MULTILINE)


def committed_yaml(definition: Definition, commit_id: str) -> str | None:
    """Return the file of the definition in a commit, or None when it is missing."""
    repository = definition.repository
    entry = repository.files(commit_id).get("/" + definition.yaml_path.lstrip("/"))
    content = repository.objects.blob(entry.id) if entry else None
    return None if content is None else content.decode("utf-8", "replace")


def problems(definition: Definition, text: str | None) -> list[str]:
    """Return the messages of the service about the file, or nothing when it can run."""
    path = "/" + definition.yaml_path.lstrip("/")
    if text is None:
        return [f"File {path} not found in repository {definition.repository.name}."]
    known = {found["alias"].lower() for found in _RESOURCE.finditer(text)}
    messages = []
    for found in _TEMPLATE.finditer(text):
        if found["alias"].lower() not in known | {"self"}:
            line = text.count("\n", 0, found.start("path")) + 1
            column = found.start("path") - text.rfind("\n", 0, found.start("path"))
            messages.append(
                f"{path} (Line: {line}, Col: {column}): The repository reference '{found['alias']}' of the template "
                f"'{found['path']}' could not be found. Make sure that it is declared in resources.repositories."
            )
    return messages
