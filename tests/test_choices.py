"""Wherever one of several words decides, every other value is refused and the nearest word is named."""

from typing import Literal, Union, get_args, get_origin

import click
import pytest
from click.testing import CliRunner

from azure_devops_agents.cli.main import group as agent
from azure_devops_agents.cli.options import OneOf
from azure_devops_evals.case import Case
from azure_devops_evals.cli.main import group as evals
from azure_devops_simulator import Fault, Organization, seed_organization
from azure_devops_simulator.state.people import Token
from langchain_azure_devops import TOOLS, AzureDevOps, AzureDevOpsError, AzureDevOpsToolkit, bind, load_settings
from langchain_azure_devops.calls import Tool
from langchain_azure_devops.errors import Misconfigured
from langchain_azure_devops.safety import AuditEvent, record_event, record_event_async
from langchain_azure_devops.safety.audit import AuditLog

SETTINGS = {"organization": "contoso", "pat": "a-token-of-a-test"}


def wrong_values(words):
    """A misspelt, changed, padded and foreign form of each word, and values of other types."""
    for word in words:
        doubled = word[:-1] + word[-1] * 2
        changed = (doubled, word.upper(), word.title(), f" {word}", f"{word} ", f"{word}\n", f"{word}\0")
        yield from set(changed) - set(words)
        yield word.replace("e", "\u0435").replace("a", "\u0430") + "\u200b"
        yield word.encode()
        yield [word]
        yield {word: True}
    yield from ("", "none", "off", "yes", "true", True, False, 0, 1, 1.5, object())


def literals(annotation):
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return next((found for part in get_args(annotation) if (found := literals(part))), ())


def client(**options):
    return AzureDevOps(load_settings(**SETTINGS, environ={}), **options)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return AuditLog(tmp_path_factory.mktemp("audit") / "audit.jsonl")


POLICIES, ON_ERROR = ("deny", "ask", "allow"), ("message", "raise", "raise_retryable")
OPTIONS = {
    "AzureDevOps(writes=)": (POLICIES, lambda value: client(writes=value)),
    "AzureDevOpsToolkit(writes=)": (POLICIES, lambda value: AzureDevOpsToolkit(**SETTINGS, writes=value)),
    "AzureDevOpsToolkit(on_error=)": (ON_ERROR, lambda value: AzureDevOpsToolkit(**SETTINGS, on_error=value)),
    "bind(on_error=)": (ON_ERROR, lambda value: bind(TOOLS["list_projects"], client(), on_error=value)),
    "bind(artifact=)": (("json", "none"), lambda value: bind(TOOLS["list_projects"], client(), artifact=value)),
    "AzureDevOpsToolkit(artifact=)": (("json", "none"), lambda value: AzureDevOpsToolkit(**SETTINGS, artifact=value)),
    "bind(approver=)": (("default",), lambda value: bind(TOOLS["create_work_item"], client(), approver=value)),
    "get_tools(access=)": (("read", "write"), lambda value: AzureDevOpsToolkit(**SETTINGS).get_tools(access=value)),
    "get_tools(approver=)": (("default",), lambda value: AzureDevOpsToolkit(**SETTINGS).get_tools(approver=value)),
    "get_tools(names=)": (("list_projects",), lambda value: AzureDevOpsToolkit(**SETTINGS).get_tools(names=[value])),
    "toolsets=": (("builds", "all"), lambda value: AzureDevOpsToolkit(**SETTINGS, toolsets=[value])),
    "tools=": (("get_build",), lambda value: AzureDevOpsToolkit(**SETTINGS, tools=[value])),
    "exclude=": (("get_build",), lambda value: AzureDevOpsToolkit(**SETTINGS, exclude=[value])),
    "Tool(access=)": (("read", "write"), lambda value: Tool("x", "", "x", value, (), lambda: None)),
}  # fmt: skip


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_of_the_toolkit_takes_only_its_words(option):
    words, use = OPTIONS[option]
    for word in words:
        if option != "Tool(access=)":
            use(word)
    for value in (each for each in wrong_values(words) if each not in words):
        with pytest.raises(Misconfigured) as caught:
            use(value)
        caught.value.message.encode()
        assert all(word in caught.value.message for word in words if "=)" in option and "approver" not in option
                   and "names" not in option)  # fmt: skip


@pytest.mark.parametrize("value", [None, "false", "False", "no", 0, 1, "", [], object()])
def test_read_only_takes_only_true_and_false(value):
    for use in (client, lambda **given: AzureDevOpsToolkit(**SETTINGS, **given)):
        with pytest.raises(Misconfigured, match="read_only"):
            use(read_only=value)


@pytest.mark.parametrize(
    "given", ["vso.wrok", "VSO.WORK_", "vso.work:vso.code", "vso.work vso", "*", "none", "vso.work\0"]
)
def test_scopes_from_an_argument_or_the_environment_exist(given):
    with pytest.raises(AzureDevOpsError) as caught:
        load_settings(**SETTINGS, scopes=given, environ={})
    assert caught.value.status == "misconfigured"
    if "\0" not in given:
        with pytest.raises(AzureDevOpsError):
            load_settings(**SETTINGS, environ={"AZURE_DEVOPS_SCOPES": given})


@pytest.mark.parametrize("value", [True, 1, [True], [None], object()])
def test_scopes_are_names(value):
    with pytest.raises(Misconfigured):
        load_settings(**SETTINGS, scopes=value, environ={})


async def test_the_record_takes_only_events_that_it_knows(log):
    with client(audit=log) as recording:
        for value in wrong_values(get_args(AuditEvent)):
            with pytest.raises(Misconfigured, match="Give"):
                record_event(recording, value)
            with pytest.raises(Misconfigured):
                await record_event_async(recording, value)
            with pytest.raises(Misconfigured):
                log.record_soon(value, {})
    assert not log.path.exists()


def test_every_enumerated_argument_of_every_tool_takes_only_its_words():
    checked = 0
    for name, tool in TOOLS.items():
        for argument, field in tool.parameters.model_fields.items():
            if words := literals(field.annotation):
                checked += 1
                several = "list" in str(field.annotation)
                for value in (wrong for wrong in wrong_values(words) if wrong not in words):
                    with pytest.raises(AzureDevOpsError) as caught:
                        tool.validate({**tool.examples[0], argument: [value] if several else value})
                    assert caught.value.status == "invalid", (name, argument, value)
    assert checked >= 7


def test_the_simulator_takes_only_words_that_the_service_has():
    organization = seed_organization()
    definition = next(iter(organization.builds.definitions.values()))
    user = next(iter(organization.users.values()))
    queue = {"branch": "refs/heads/main", "version": "0" * 40, "by": user, "when": organization.clock.now()}
    uses = {
        "process": (("Agile", "Scrum"), lambda value: Organization("x").add_project("p", process=value)),
        "visibility": (("private", "public"), lambda value: Organization("x").add_project("p", visibility=value)),
        "state": (("active", "revoked", "expired"), lambda value: Token("t", frozenset(), user, value)),
        "kind": (("status", "reset"), Fault),
        "when": (("before", "after"), lambda value: Fault("reset", when=value)),
        "body": (("json", "html"), lambda value: Fault("status", body=value)),
        "reason": (
            ("manual", "schedule"),
            lambda value: organization.builds.add_build(definition, reason=value, **queue),
        ),
    }
    for words, use in uses.values():
        for word in words:
            use(word)
        for value in wrong_values(words):
            with pytest.raises(ValueError, match="is not one of"):
                use(value)


def test_a_case_takes_only_words_that_the_suite_knows():
    good = {"id": "x", "area": "access", "question": "?", "steps": [], "checks": ()}
    Case(**good)
    for name, words in (("area", ("access", "pipelines")), ("source", ("recording",)), ("credential", ("whole",))):
        for value in wrong_values(words):
            with pytest.raises(Misconfigured):
                Case(**good | {name: value})
    with pytest.raises(Misconfigured):
        Case(**good, kinds=frozenset({"Denied"}))


# -- command lines -------------------------------------------------------------------------------------------------


def commands(group, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))
        else:
            yield (*path, name), found


CHOICES = [
    (group, path, option)
    for group in (agent, evals)
    for path, found in commands(group)
    for option in found.params
    if isinstance(option.type, click.Choice)
]


def test_every_choice_of_the_command_lines_is_one_that_names_the_nearest_word():
    assert len(CHOICES) >= 3
    assert all(isinstance(option.type, OneOf) for _, _, option in CHOICES)


@pytest.mark.parametrize(("group", "path", "option"), CHOICES, ids=lambda value: str(getattr(value, "name", value)))
def test_a_choice_on_a_command_line_takes_only_its_words(group, path, option):
    for word in option.type.choices:
        misspelt = word[:-1] + word[-1] * 2
        for value in (misspelt, word.upper(), f" {word}", f"{word} ", "", "None", "True", "1"):
            if value in option.type.choices:
                continue
            result = CliRunner().invoke(group, [*path, option.opts[0], value])
            assert result.exit_code == 2, (path, value, result.output)
            if value in (misspelt, word.upper()):
                assert "Did you mean" in result.output


def test_a_misspelt_event_is_a_usage_error_that_names_the_right_one():
    result = CliRunner().invoke(agent, ["audit", "show", "--event", "wrriten"])
    assert result.exit_code == 2
    assert "Did you mean 'written'?" in result.output


@pytest.mark.parametrize(
    ("arguments", "near"),
    [(["run", "--area", "pipeline"], "pipelines"), (["run", "--case", "disk-fulll"], "disk-full"),
     (["bench", "--only", "call"], "calls")],
)  # fmt: skip
def test_a_misspelt_name_of_the_evals_names_the_right_one(arguments, near):
    result = CliRunner().invoke(evals, arguments)
    assert result.exit_code == 2
    assert f"Did you mean '{near}'?" in result.output


def test_literals_are_found_in_unions():
    assert literals(Union[Literal["a"], None]) == ("a",)  # noqa: UP007 - the old form is found as well
