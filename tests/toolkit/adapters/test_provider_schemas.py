"""Every schema keeps to what the strict modes of OpenAI and Anthropic take, and Gemini builds a request of it."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from tool_calls import UPLOADS

from azure_devops_agents.evidence.record import ReadEvidence
from azure_devops_agents.investigation.tool_calls import declare_own_tool
from azure_devops_agents.reports.report import WriteReport
from langchain_azure_devops import TOOLS, AzureDevOpsToolkit
from langchain_azure_devops.calls import strict_schema
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.results.models import Page
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.projects import Project

NAMES = sorted(TOOLS)
PAT = "a2b3c4d5e6f7g2h3i4j5k6l7m2n3o4p5q6r7s2t3u4v5w6x7y2z3"


class Subset(NamedTuple):
    """What a strict mode takes, as its provider publishes it; where models differ, what all of them take.

    Attributes:
        keywords: The keywords that a schema may have, by its type; "" stands for one without a type.
        types: The types that it may name.
        all_required: Whether every property has to be required.
        nesting: How deep objects and arrays may lie in each other.
        properties: How many properties a schema may have in all.
        enum_values: How many values its enums may have in all.
        union_parameters: How many properties may be unions.
    """

    keywords: dict[str, frozenset[str]]
    types: frozenset[str]
    all_required: bool
    nesting: int
    properties: int
    enum_values: int
    union_parameters: int


_SIMPLE = frozenset({"type", "description", "enum"})
_TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
_KEYWORDS = {
    "object": frozenset({"type", "description", "properties", "required", "additionalProperties"}),
    "array": frozenset({"type", "description", "items"}),
    "string": _SIMPLE | {"const"},
    "integer": _SIMPLE,
    "number": _SIMPLE,
    "boolean": frozenset({"type", "description"}),
    "null": frozenset({"type"}),
    "": frozenset({"anyOf", "description"}),
}
SUBSETS = {
    # Structured outputs, "Supported schemas". Formats, patterns and limits are taken by some models and hosts, and not
    # by fine-tuned models or Azure OpenAI, so they are not in here.
    "openai": Subset(_KEYWORDS, _TYPES, True, 5, 5_000, 1_000, 5_000),
    # Structured outputs, "JSON Schema limitations". Limits of numbers, texts and lists are refused; what may be null is
    # a union with null. At most 16 properties of a request may be unions.
    "anthropic": Subset(_KEYWORDS, _TYPES, False, 100, 5_000, 1_000, 16),
}


def parts_of(schema: dict, where: str = "", depth: int = 0) -> Iterator[tuple[dict, str, int]]:
    """A schema and every schema in it, with its place and depth."""
    yield schema, where, depth
    for option in schema.get("anyOf", []):
        yield from parts_of(option, where, depth)
    if "items" in schema:
        yield from parts_of(schema["items"], f"{where}[]", depth + 1)
    for name, entry in schema.get("properties", {}).items():
        yield from parts_of(entry, f"{where}.{name}", depth + 1)


def complaints(schema: dict, subset: Subset) -> list[str]:
    """Everything in a schema that a strict mode refuses."""
    parts = list(parts_of(schema))
    found = [f"{where}: {text}" for part, where, depth in parts for text in complaints_of(part, depth, subset)]
    sizes = (
        (sum(len(part.get("properties", {})) for part, *_ in parts), subset.properties),
        (sum(len(part.get("enum", [])) for part, *_ in parts), subset.enum_values),
        (sum("anyOf" in part for part, *_ in parts), subset.union_parameters),
    )
    found += [f"too large: {size} of {most}" for size, most in sizes if size > most]
    return found if schema.get("type") == "object" else [*found, "the root is no object"]


def complaints_of(part: dict, depth: int, subset: Subset) -> Iterator[str]:
    kind = part.get("type", "")
    if not isinstance(kind, str) or (kind and kind not in subset.types):
        yield f"type {kind!r}"
        return
    if unknown := set(part) - subset.keywords[kind]:
        yield f"keywords {sorted(unknown)}"
    if depth > subset.nesting:
        yield "too deep"
    if any(not isinstance(value, str) for value in part.get("enum", [])):
        yield f"enum {part['enum']}"
    if kind == "object" and part.get("additionalProperties") is not False:
        yield "other properties are allowed"
    if kind == "object" and subset.all_required and sorted(part["required"]) != sorted(part["properties"]):
        yield "not every property is required"


@pytest.mark.parametrize("provider", SUBSETS)
@pytest.mark.parametrize("name", NAMES)
def test_a_schema_keeps_to_the_published_subset(name, provider):
    assert complaints(TOOLS[name].schema, SUBSETS[provider]) == []


@pytest.mark.parametrize(
    ("part", "complaint"),
    [
        ({"type": ["string", "null"]}, "type"),
        ({"type": "string", "minLength": 1}, "minLength"),
        ({"type": "integer", "maximum": 9}, "maximum"),
        ({"type": "string", "format": "date-time"}, "format"),
        ({"anyOf": [{"type": "string", "enum": ["a", None]}, {"type": "null"}]}, "enum"),
        ({"type": "object", "properties": {}, "required": []}, "other properties"),
        ({"type": "array", "items": {"type": "string", "default": ""}}, "default"),
        ({"oneOf": []}, "oneOf"),
    ],
    ids=str,
)
@pytest.mark.parametrize("provider", SUBSETS)
def test_what_a_strict_mode_refuses_is_noticed(part, complaint, provider):
    schema = {"type": "object", "properties": {"x": part}, "required": ["x"], "additionalProperties": False}
    assert complaint in " ".join(complaints(schema, SUBSETS[provider]))


@pytest.fixture(scope="module")
def tools():
    options = {"pat": PAT, "scopes": "app_token", "toolsets": "all", "attachments_folder": UPLOADS.folder}
    with AzureDevOpsToolkit(organization="contoso", **options) as toolkit:
        yield {tool.name: tool for tool in toolkit.get_tools()}


def test_every_tool_is_there(tools):
    assert sorted(tools) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_openai_is_sent_the_schema_as_it_is(name, tools):
    bound = ChatOpenAI(model="gpt-5", api_key="none").bind_tools([tools[name]], strict=True)
    payload = bound.bound._get_request_payload([("user", "hello")], **bound.kwargs)
    [sent] = payload["tools"]
    assert sent["function"]["strict"] is True
    assert sent["function"]["description"].strip()
    assert complaints(sent["function"]["parameters"], SUBSETS["openai"]) == []
    assert sent["function"]["parameters"]["properties"] == TOOLS[name].schema["properties"]


@pytest.mark.parametrize("name", NAMES)
def test_anthropic_is_sent_the_schema_as_it_is(name, tools):
    bound = ChatAnthropic(model_name="claude-sonnet-4-5", api_key="none").bind_tools([tools[name]], strict=True)
    payload = bound.bound._get_request_payload([("user", "hello")], **bound.kwargs)
    [sent] = payload["tools"]
    assert sent["strict"] is True
    assert sent["description"].strip()
    assert complaints(sent["input_schema"], SUBSETS["anthropic"]) == []
    assert sent["input_schema"]["properties"] == TOOLS[name].schema["properties"]


@pytest.mark.parametrize("name", NAMES)
def test_gemini_builds_a_request(name, tools):
    bound = ChatGoogleGenerativeAI(model="gemini-2.5-pro", api_key="none").bind_tools([tools[name]])
    request = bound.bound._prepare_request(bound.bound._convert_input("hello").to_messages(), **bound.kwargs)
    [tool] = request["config"].tools
    [declared] = tool.function_declarations
    assert declared.name == name
    assert declared.description.strip()
    properties = TOOLS[name].schema["properties"]
    assert set(declared.parameters.properties or {}) == set(properties)
    for argument, entry in properties.items():
        given = declared.parameters.properties[argument]
        assert given.nullable or not any(option["type"] == "null" for option in entry.get("anyOf", [])), argument


# -- the tools that the graph of the agents serves itself --------------------------------------------------------------

OWN = {model.model_config["title"]: declare_own_tool(model) for model in (ReadEvidence, WriteReport)}


@pytest.mark.parametrize("name", OWN)
def test_every_provider_is_sent_the_schema_of_the_graphs_own_tools_as_it_is(name):
    schema = OWN[name]["function"]["parameters"]
    openai = ChatOpenAI(model="gpt-5", api_key="none").bind_tools([OWN[name]], strict=True)
    [sent] = openai.bound._get_request_payload([("user", "hello")], **openai.kwargs)["tools"]
    assert sent["function"]["parameters"] == schema
    anthropic = ChatAnthropic(model_name="claude-sonnet-4-5", api_key="none").bind_tools([OWN[name]], strict=True)
    [sent] = anthropic.bound._get_request_payload([("user", "hello")], **anthropic.kwargs)["tools"]
    assert sent["input_schema"] == schema
    assert [complaints(schema, subset) for subset in SUBSETS.values()] == [[], []]
    gemini = ChatGoogleGenerativeAI(model="gemini-2.5-pro", api_key="none").bind_tools([OWN[name]])
    request = gemini.bound._prepare_request(gemini.bound._convert_input("hello").to_messages(), **gemini.kwargs)
    [declared] = request["config"].tools[0].function_declarations
    assert declared.name == name
    assert set(declared.parameters.properties or {}) == set(schema["properties"])


# -- limits ----------------------------------------------------------------------------------------------------------


def property_of(name, argument):
    return TOOLS[name].schema["properties"][argument]


def test_a_limit_stands_in_the_description_and_is_still_enforced():
    assert property_of("list_pull_requests", "limit")["description"] == "1 to 1000"
    assert property_of("create_pull_request", "title")["description"] == "up to 400 characters"
    assert property_of("query_work_items", "changed_since")["description"] == "ISO 8601"
    assert property_of("get_build_log", "contains")["description"].endswith(", up to 300 characters")
    for name, arguments in (
        ("list_pull_requests", {"limit": 1001}),
        ("create_pull_request", {"repository": "r", "source": "s", "target": "t", "title": "x" * 401}),
        ("query_work_items", {"changed_since": "yesterday"}),
    ):
        with pytest.raises(InvalidRequest, match=r"limit|title|changed_since"):
            TOOLS[name].validate(arguments)


def test_a_null_counts_as_not_given_also_where_the_schema_has_none():
    given = TOOLS["create_work_item"].validate({"type": "Bug", "title": "x", "tags": None, "fields": None})
    assert (given.tags, given.fields) == ([], [])
    assert property_of("create_work_item", "tags")["type"] == "array"


class One(BaseModel):
    name: str


class Other(BaseModel):
    number: int


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (dict[str, str], "a dictionary with any keys"),
        (list[dict[str, int]], "a dictionary with any keys"),
        (int | str, "a union"),
        (One | Other, "a union"),
        (list[One | Other], "a union"),
    ],
    ids=str,
)
def test_an_argument_that_no_strict_mode_takes_is_refused_at_its_declaration(annotation, reason):
    async def mine(client: AzureDevOps, *, odd: annotation) -> Page[Project]:
        """Mine."""
        raise NotImplementedError

    declare = Toolset.named("mine", "Mine.").read(Scope.PROJECT)
    with pytest.raises(
        TypeError, match=rf"mine cannot be a tool: odd: an argument may not be {reason}\. .* use one type"
    ):
        declare(mine)


def test_a_schema_that_a_caller_changes_is_whole_for_the_next():
    parameters = TOOLS["list_builds"].parameters
    changed = strict_schema(parameters)
    changed["properties"]["project"].clear()
    assert strict_schema(parameters)["properties"]["project"]
