"""The page that compares the tools with those of other servers: whole, counted, and true to the tools there are."""

import re
from pathlib import Path

import pytest

from azure_devops_agents.cli.documents.other_servers import comparison_tables, load_servers
from langchain_azure_devops import TOOLS
from langchain_azure_devops.adapters.mcp_client import load_allow_list

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "toolkit" / "OPERATIONS.md").read_text(encoding="utf-8")
SERVERS = load_servers()
OPERATIONS = [pytest.param(each, id=each.name) for server in SERVERS for each in server.operations]
ROW = re.compile(r"^\| `([\w.]+)` \|", re.MULTILINE)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_has_tools_that_exist_or_a_reason(operation):
    assert [name for name in operation.ours if name not in TOOLS] == []
    assert bool(operation.ours) != bool(operation.lacks)
    assert not operation.lacks or operation.lacks.endswith(".")
    assert [name for name in re.findall(r"`(\w+)`", operation.lacks) if name not in TOOLS] == []


def test_both_lists_are_whole_and_the_page_has_a_row_for_each_operation():
    vendor, other = SERVERS
    assert [each.name for each in vendor.operations] == [each.key for each in load_allow_list().operations]
    assert (len(vendor.operations), len(other.operations)) == (92, 70)
    sections = PAGE.split("\n## ")[1:]
    assert [section.partition("\n")[0] for section in sections] == [
        f"{each.package} {each.version}" for each in SERVERS
    ]
    for server, section in zip(SERVERS, sections, strict=True):
        assert ROW.findall(section) == [each.name for each in server.operations]


def test_the_counts_at_the_top_are_those_of_the_rows():
    counts, *sections = comparison_tables().split("\n## ")
    for server, section in zip(SERVERS, sections, strict=True):
        rows = [line for line in section.splitlines() if ROW.match(line)]
        have = sum("](TOOLS.md#" in line for line in rows)
        assert f"| `{server.package}` {server.version} | {len(rows)} | {have} | {len(rows) - have} |" in counts
    assert counts in PAGE
