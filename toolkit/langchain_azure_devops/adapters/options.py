"""The options of a toolkit as a type, for functions that pass them on, and the check of their values."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import httpx
from pydantic import SecretStr
from typing_extensions import TypedDict, Unpack

from langchain_azure_devops.access.selection import DEFAULT, Catalog, Names
from langchain_azure_devops.adapters.langchain import ArtifactForm, OnError
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.calls.tool import Tool
from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.results.rendering import DEFAULT_BUDGET, MAX_BUDGET
from langchain_azure_devops.runtime import RunContext, Waiting
from langchain_azure_devops.safety.grants import Approver, WritePolicy
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.settings import (
    Settings,
    TokenProvider,
    check_choice,
    check_number,
    check_type,
    load_settings,
)

MIN_BUDGET = 4_000
"""The smallest `result_budget`; the lines around a result and the cursor of a page need up to 2,400 characters."""


ResultBudget = int | Mapping[str, int]
"""One number for all tools, or one for each named tool and one for the others under "default"."""


class ToolkitOptions(TypedDict, total=False):
    """The options of `AzureDevOpsToolkit`; its constructor explains each of them."""

    organization: str | None
    pat: str | SecretStr | TokenProvider | None
    default_project: str | None
    scopes: str | Iterable[Scope | str] | None
    toolsets: Names | None
    tools: Names | None
    exclude: Names
    extra: Iterable[Toolset | Tool[..., Any]]
    read_only: bool
    writes: WritePolicy | None
    approver: Approver | None
    allow_policy_bypass: bool
    allow_own_reviews: bool
    images: bool
    attachments_folder: Path | str | None
    name_prefix: str
    base_url: str | None
    result_budget: ResultBudget
    on_error: OnError
    artifact: ArtifactForm
    context: RunContext | None
    settings: Settings | None
    transport: httpx.AsyncBaseTransport | None
    progress: Callable[[Waiting], None] | None
    audit: Path | str | None


_REQUIRED: Mapping[str, tuple[type, str]] = {
    "read_only": (bool, "True or False"),
    "name_prefix": (str, "a text"),
}
_OPTIONAL: Mapping[str, tuple[type | UnionType, str]] = {
    "context": (RunContext, "a RunContext"),
    "transport": (httpx.AsyncBaseTransport, "an asynchronous transport of httpx"),
    "audit": (Path | str, "the path of a file"),
}
"""The types of the options that may be None, and what the message about another type says."""


def check_options(**options: Unpack[ToolkitOptions]) -> None:
    """Accept only possible values of the options that this module knows; the others have checks of their own.

    Raises:
        Misconfigured: An option has a value that it cannot have; the message names the option and what it takes.
    """
    given: Mapping[str, object] = options
    for option, value in given.items():
        if option in _REQUIRED:
            check_type(option, value, *_REQUIRED[option])
        elif option in _OPTIONAL and value is not None:
            check_type(option, value, *_OPTIONAL[option])
    if (writes := given.get("writes")) is not None:
        check_choice("writes", writes, get_args(WritePolicy))
    if "on_error" in given:
        check_choice("on_error", given["on_error"], get_args(OnError))
    if "artifact" in given:
        check_choice("artifact", given["artifact"], get_args(ArtifactForm))
    if (progress := given.get("progress")) is not None and not callable(progress):
        words = f"progress= takes a function that takes a Waiting, not {type(progress).__name__}."
        raise Misconfigured(words, subject="progress")


def read_budgets(given: ResultBudget, catalog: Catalog) -> Mapping[str, int]:
    """Return the budget of each named tool by its plain name, and that of all others under "default".

    Raises:
        Misconfigured: A budget is no number of characters, or too small or too large.
        ToolUnknown: There is no such tool.
    """
    if not isinstance(given, Mapping):
        check_number("result_budget", given, MIN_BUDGET, MAX_BUDGET, "characters")
        return {DEFAULT: given}
    budgets = {DEFAULT: DEFAULT_BUDGET}
    for name, budget in given.items():
        check_number(f"result_budget of {name!r}", budget, MIN_BUDGET, MAX_BUDGET, "characters")
        names = [DEFAULT] if name == DEFAULT else catalog.find_names(None, [name], "result_budget")
        budgets.update(dict.fromkeys(names, budget))
    return budgets


class _Connecting(TypedDict):
    """The options that settings hold."""

    organization: str | None
    pat: str | SecretStr | TokenProvider | None
    default_project: str | None
    base_url: str | None
    scopes: str | Iterable[Scope | str] | None


def choose_settings(settings: Settings | None, **options: Unpack[_Connecting]) -> Settings:
    """Return the given settings, or load them from the options that say the same.

    Raises:
        Misconfigured: Both were given, or the options cannot be right.
    """
    if settings is None:
        return load_settings(**options)
    check_type("settings", settings, Settings, "what load_settings() returns")
    if twice := [name for name, value in options.items() if value is not None]:
        raise Misconfigured(
            f"The settings hold {', '.join(twice)} already. Give either settings or these options.", subject=twice[0]
        )
    return settings
