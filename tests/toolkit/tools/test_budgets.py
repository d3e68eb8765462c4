"""How many tokens a model pays, counted by o200k_base on answers of the service's usual size."""

import json

import pytest
from tool_calls import READ, call, connected, seed_with_tokens

from azure_devops_evals.benchmarks import service
from azure_devops_evals.benchmarks.budgets import BUDGETS
from azure_devops_evals.benchmarks.tokens import RESULTS, counter, schemas
from azure_devops_simulator import SimulatorServer
from langchain_azure_devops import TOOLS, TOOLSETS
from langchain_azure_devops.adapters.langchain import bind

tokens = counter()


@pytest.fixture(scope="module")
def client():
    with service.stub() as stub, stub.client() as client:
        yield client


def seen_by_a_model(client, name, arguments):
    message = bind(TOOLS[name], client).invoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
    assert message.status == "success", message.content
    return message


@pytest.mark.parametrize("budget", [name for name in RESULTS if name != "log"])
def test_lists_stay_within_their_budgets(client, budget):
    name, arguments, rows = RESULTS[budget]
    message = seen_by_a_model(client, name, arguments)
    assert len(message.artifact["data"]) == rows
    assert message.content.count("\n") >= rows + 3, "every row is shown"
    assert tokens(message.content) <= BUDGETS[budget].limit


def test_all_default_tools_stay_within_their_budget():
    assert schemas().count('"type":"function"') == sum(tool.default for tool in TOOLS.values())
    assert tokens(schemas()) <= BUDGETS["schema"].limit


@pytest.mark.parametrize("name", TOOLSETS)
def test_the_further_tools_of_a_toolset_stay_within_their_budget(name):
    further = [tool for tool in TOOLSETS[name].tools if not tool.default]
    sent = [{"name": tool.name, "description": tool.description, "parameters": tool.schema} for tool in further]
    assert tokens(json.dumps(sent, separators=(",", ":"))) <= 2_000


@pytest.mark.parametrize(
    "arguments", [{}, {"log": 3}, {"log": 3, "contains": "ERROR"}], ids=["default", "tail", "words"]
)
def test_a_log_of_50_000_lines_stays_within_its_budget(arguments):
    with SimulatorServer(seed_with_tokens()) as server, connected(server.base_url, READ) as client:
        message = seen_by_a_model(client, "get_build_log", {"build": 37, **arguments})
        assert len(message.content) <= BUDGETS["view-size"].limit
        assert message.artifact["total"] == 50_000
        assert call(client, "get_build_log", build=37, log=3, first_line=1, last_line=2).last_line == 2
