"""Count the o200k_base tokens of the schemas and of the results."""

import json
from collections.abc import Callable, Iterator
from functools import cache

from langchain_core.utils.function_calling import convert_to_openai_tool

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import Stub
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.tools import TOOLS, TOOLSETS

RESULTS: dict[str, tuple[str, dict[str, object], int]] = {
    "pull-requests": ("list_pull_requests", {"limit": 100}, 100),
    "work-items": ("query_work_items", {"wiql": "SELECT [System.Id] FROM WorkItems", "limit": 200}, 200),
    "builds": ("list_builds", {"limit": 100}, 100),
    "code-hits": ("search_code", {"text": "DB_TIMEOUT", "limit": 50}, 50),
    "log": ("get_build_log", {"build": 1, "log": 3}, 1),
}
"""Each call, and the least number of lines of its text."""


def tokens(stub: Stub) -> Iterator[Measurement]:
    """Count the schemas of the default tools and of each toolset, and the results of the calls in RESULTS."""
    count = counter()
    yield _count("schema", schemas(), count, 0)
    for toolset in TOOLSETS.values():
        if further := [tool.name for tool in toolset.tools if not tool.default]:
            yield _count("toolset", schemas(further), count, 0, toolset.name)
    with stub.client() as client:
        for name, (tool, arguments, lines) in RESULTS.items():
            yield _count(name, str(bind(TOOLS[tool], client).invoke(arguments)), count, lines)


def schemas(names: list[str] | None = None) -> str:
    """Return the default tools, or those with the given names, in the form of OpenAI's strict mode as compact JSON."""
    with AzureDevOpsToolkit(organization="tidewater", pat="stub-token", scopes="app_token", tools=names) as toolkit:
        converted = [convert_to_openai_tool(tool, strict=True) for tool in toolkit.get_tools()]
    return "".join(json.dumps(tool, separators=(",", ":")) for tool in converted)


@cache
def counter() -> Callable[[str], int] | None:
    """Return a function that counts o200k_base tokens; None when the tokenizer is not installed."""
    try:
        from rs_bpe.bpe import openai  # noqa: PLC0415 - a development dependency
    except ImportError:
        return None
    encoding = openai.o200k_base()
    return lambda text: len(encoding.encode(text))


def _count(name: str, text: str, count: Callable[[str], int] | None, lines: int, variant: str = "") -> Measurement:
    if text.count("\n") < lines:
        raise RuntimeError(f"{name}: {lines} rows were expected, and the text has {text.count(chr(10))} lines: {text}")
    detail = f"{len(text):,} characters"
    if count is None:
        return Measurement(name, None, variant, f"{detail}; rs-bpe, which counts tokens, is not installed")
    return Measurement(name, count(text), variant, detail)
