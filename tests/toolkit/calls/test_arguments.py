"""Arguments that a model may give and no service takes: every tool refuses them, says why, and sends nothing."""

import json
import math
import random

import pytest
from tool_calls import FULL

from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsError, errors
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.calls import check_values
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.settings import load_settings

MB = 1024 * 1024


def nested(levels, innermost=1):
    value = innermost
    for _ in range(levels):
        value = [value] if levels % 2 else {"a": value}
    return value


HOSTILE = {
    "half a character": "a\ud800b",
    "the other half": "\udfff",
    "NUL": "a\0b",
    "2^63": 2**63,
    "2^70": 2**70,
    "-2^70": -(2**70),
    "10^4000": 10**4000,
    "NaN": math.nan,
    "infinity": math.inf,
    "5,000 levels of lists": nested(5001),
    "5,000 levels of objects": nested(5000),
    "13 levels": nested(14),
    "more than 1 MB": "x" * (MB + 1),
    "a key that is half a character": {"\ud800": 1},
    "a key with NUL": {"\0": 1},
    "half a character in a list": ["\udc00"],
    "NaN in an object": {"value": math.nan},
    "20,000 entries": ["x"] * 20_000,
}


@pytest.fixture(scope="module")
def client():
    """A client of a service that does not exist: a request that is sent fails in another way than it should."""
    settings = load_settings(base_url="http://127.0.0.1:9/none", pat=FULL, default_project="Platform", environ={})
    with AzureDevOps(settings, writes="allow") as unconnected:
        yield unconnected


def positions():
    return [(name, argument) for name, tool in TOOLS.items() for argument in (*tool.parameters.model_fields, "extra")]


def assert_refused(message, value):
    content = str(message.content)
    assert message.status == "error"
    assert content.startswith("[invalid InvalidRequest arguments]\n"), content[:200]
    assert len(content) < 2_000
    json.dumps([content, message.artifact], ensure_ascii=False, allow_nan=False).encode()
    assert "\0" not in content, value


@pytest.mark.parametrize("hostile", HOSTILE)
def test_every_argument_of_every_tool_refuses_what_no_service_takes(client, hostile):
    for name, argument in positions():
        arguments = dict(TOOLS[name].examples[0]) | {argument: HOSTILE[hostile]}
        call = {"type": "tool_call", "id": "1", "name": name, "args": arguments}
        assert_refused(bind(TOOLS[name], client).invoke(call), hostile)


@pytest.mark.parametrize("hostile", HOSTILE)
async def test_asynchronous_calls_refuse_the_same(client, hostile):
    for name, argument in positions():
        arguments = dict(TOOLS[name].examples[0]) | {argument: HOSTILE[hostile]}
        call = {"type": "tool_call", "id": "1", "name": name, "args": arguments}
        assert_refused(await bind(TOOLS[name], client).ainvoke(call), hostile)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_name_that_is_no_argument_is_refused_the_same(client, hostile):
    for tool in TOOLS.values():
        for key in ("a\ud800", "a\0"):
            assert_name_refused(tool, client, key, HOSTILE[hostile])
    # Each call with a long name is searched for secrets, which takes its time: one tool here, and each tool below.
    assert_name_refused(next(iter(TOOLS.values())), client, "k" * (MB + 1), HOSTILE[hostile])


@pytest.mark.parametrize("name", TOOLS)
def test_a_very_long_name_that_is_no_argument_is_refused(client, name):
    # One character above the limit of all arguments.
    assert_name_refused(TOOLS[name], client, "k" * (MB + 1), "x")


def assert_name_refused(tool, client, key, value):
    with pytest.raises(errors.InvalidRequest) as caught:
        tool.call_sync(client, **{key: value})
    caught.value.message.encode()
    assert len(caught.value.message) < 2_000, tool.name


def positions_of(kind, tools):
    """The arguments of tools that are of a kind."""
    return [
        (tool, name)
        for tool in tools
        for name, field in tool.parameters.model_fields.items()
        if field.annotation in (kind, kind | None)
    ]


@pytest.mark.parametrize("text", ["1e400", "9" * 400, "18446744073709551616", "-9223372036854775809", "²", "٣"])
def test_a_number_written_as_text_is_refused_or_means_a_number(client, text):
    numbers = positions_of(int, TOOLS.values())
    assert len(numbers) > 10
    for tool, argument in numbers:
        with pytest.raises(AzureDevOpsError) as caught:
            tool.call_sync(client, **dict(tool.examples[0]) | {argument: text})
        assert type(caught.value) in {errors.InvalidRequest, errors.Unreachable}, (tool.name, argument)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_outside_of_the_calendar_is_refused(client, moment):
    for name, argument in (("list_builds", "since"), ("query_work_items", "changed_since")):
        with pytest.raises(errors.InvalidRequest, match="outside of the calendar"):
            TOOLS[name].call_sync(client, **dict(TOOLS[name].examples[0]) | {argument: moment})


def test_names_that_are_too_long_for_an_address_are_refused(reader):
    texts = positions_of(str, (tool for tool in TOOLS.values() if tool.access == "read"))
    assert len(texts) > 10
    for tool, argument in texts:
        call = {"name": tool.name, "args": {**tool.examples[0], argument: "x" * 70_000}, "id": "1"}
        message = bind(tool, reader).invoke({"type": "tool_call", **call})
        assert len(str(message.content)) < 40_000, (tool.name, argument)


def test_a_pipeline_of_5000_digits_is_a_name(platform_reader):
    with pytest.raises(errors.NotFound):
        TOOLS["list_builds"].call_sync(platform_reader, pipeline="9" * 5000)


def test_long_texts_and_lists_that_a_work_item_holds_are_accepted_and_larger_ones_refused():
    held = {"description": "ä" * 900_000, "ids": list(range(5_000)), "fields": [{"name": "a", "value": 1.5}] * 90}
    check_values(held)
    for more in ({"text": "ä" * 200_000}, {"more": list(range(5_000))}):
        with pytest.raises(InvalidRequest, match="the arguments have more than"):
            check_values(held | more)
    check_values({"text": "\U0001f600 e\u0301 \u202e", "number": -(2**63), "other": 2**63 - 1})


def test_random_values_are_refused_for_what_they_hold_or_for_their_depth_and_else_pass():
    choose = random.Random(11)  # noqa: S311 - the same values in every run
    refused = [2**64, math.nan, "\ud800", "\0"]
    leaves = [*refused, None, True, 0, 0.5, "a", "\ufffd", b"\xff", object()]

    def grow(depth):
        if depth == 0 or choose.random() < 0.3:
            return choose.choice(leaves)
        parts = [grow(depth - 1) for _ in range(choose.randrange(4))]
        return parts if choose.random() < 0.5 else {f"k{n}": part for n, part in enumerate(parts)}

    def look(value):
        """Whether it holds what is refused, and how many levels its deepest part lies inside."""
        parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
        if parts is None:
            return any(value is each for each in refused), 0
        inside = [look(part) for part in parts]
        return any(bad for bad, _ in inside), 1 + max((levels for _, levels in inside), default=-1)

    seen = set()
    for _ in range(2_000):
        value = nested(choose.randrange(14), grow(choose.randrange(4)))
        bad, levels = look(value)
        seen.add((bad, levels > 13))
        if bad or levels > 13:
            with pytest.raises(InvalidRequest):
                check_values(value)
        else:
            check_values(value)
    assert seen == {(False, False), (True, False), (False, True), (True, True)}


@pytest.mark.parametrize("name", ["create_work_item", "get_work_item", "query_work_items", "get_pull_request"])
def test_lists_and_objects_may_come_as_their_json_text(name):
    tool = TOOLS[name]
    given = next(each for each in tool.examples if any(isinstance(value, list) for value in each.values()))
    written = {key: json.dumps(value) if isinstance(value, list) else value for key, value in given.items()}
    assert written != given
    assert tool.validate(written) == tool.validate(given)


@pytest.mark.parametrize("text", ["[1", "x", '{"a": 1}', "[" * 5_000, '["x", {}]', "null", "35"])
def test_a_text_that_is_no_such_list_is_refused_as_it_was_given(text):
    with pytest.raises(InvalidRequest, match=r"^update_work_item: .*fields") as refused:
        TOOLS["update_work_item"].validate({"id": 4, "revision": 5, "fields": text})
    assert text[:20] in refused.value.message.replace('\\"', '"')


def test_a_title_that_looks_like_a_list_stays_a_text():
    title = '["a", "b"]'
    assert TOOLS["create_work_item"].validate({"type": "Bug", "title": title}).title == title
