"""What each tool promises, kept beside the tests: a change of it has to be seen in a review."""

import json
from pathlib import Path

import pytest

from langchain_azure_devops import TOOLS

FOLDER = Path(__file__).parent / "snapshots"
COMMAND = "uv run python tests/toolkit/calls/test_schema_snapshots.py"
NAMES = sorted(TOOLS)


def snapshot_of(name: str) -> str:
    tool = TOOLS[name]
    promise = {
        "name": tool.name,
        "description": tool.description,
        "access": tool.access,
        "scopes": [scope.value for scope in tool.scopes],
        **({"also": [scope.value for scope in tool.also]} if tool.also else {}),
        "toolset": tool.toolset,
        "operations": sorted(f"{operation.method} {operation.template}" for operation in tool.operations),
        "schema": tool.schema,
    }
    return json.dumps(promise, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_promises_what_its_snapshot_says(name):
    path = FOLDER / f"{name}.json"
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    assert kept == snapshot_of(name), f"{path.name} is stale. If the change is meant, rewrite it with: {COMMAND}"


def test_there_is_no_snapshot_without_a_tool():
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == NAMES, f"Rewrite the snapshots with: {COMMAND}"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for tool_name in NAMES:
        (FOLDER / f"{tool_name}.json").write_text(snapshot_of(tool_name), encoding="utf-8")
