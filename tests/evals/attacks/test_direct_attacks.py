"""Each family of direct attacks reports a violation where a protection is taken away, and none where it is there."""

import functools
import sys
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import pytest

from azure_devops_evals.attacks.attempts import Attempt, tools_with
from azure_devops_evals.attacks.direct import (
    DIRECT,
    FamilyResult,
    as_rows,
    attack_directly,
    has_failed_directly,
    judge,
    tasks,
)
from azure_devops_evals.attacks.families import (
    decorated_secrets,
    encodings,
    fences,
    hidden_context,
    hostile_arguments,
    hostile_declarations,
    lost_answers,
    outdated_approvals,
    rendered_reports,
    secret_oracles,
)
from azure_devops_evals.attacks.payloads import DECORATIONS, OWN_TOKEN
from azure_devops_evals.attacks.samples import FIXED, OTHER_FORMS, OTHER_VALUES, call_with, other_values
from langchain_azure_devops import TOOLS
from langchain_azure_devops.calls import recovery
from langchain_azure_devops.errors import WriteNotDone, WriteOutcomeUnknown

WRITERS = tools_with("write")


def found(attempts) -> set[str]:
    """The violations, after a check that every attempt took place."""
    made = list(attempts)
    assert made
    assert [each.name for each in made if not each.proven] == []
    return {violation for each in made for violation in each.violations}


@pytest.fixture
def change_tool(monkeypatch):
    """Replace a part of a tool's declaration, in every list that holds the tool."""

    def change(name: str, **parts) -> None:
        for part, value in parts.items():
            monkeypatch.setitem(TOOLS[name].__dict__, part, value)

    return change


def test_every_argument_of_a_write_has_two_values_or_is_fixed():
    arguments = {(name, argument) for name in WRITERS for argument in TOOLS[name].parameters.model_fields}
    assert {argument for _, argument in arguments} == FIXED | OTHER_VALUES.keys()
    assert not FIXED & OTHER_VALUES.keys()
    assert OTHER_VALUES.keys() >= OTHER_FORMS.keys()
    for tool, argument in arguments:
        if argument not in FIXED:
            one, other = other_values(tool, argument)
            assert one != other
            TOOLS[tool].validate(call_with(tool, argument, one))
            TOOLS[tool].validate(call_with(tool, argument, other))


def test_the_families_are_run_on_every_tool():
    assert len(tasks((), ())) == len(DIRECT) * len(TOOLS)
    assert tasks(("lost answers",), ("search_code",)) == [("lost answers", "search_code")]


def test_an_attempt_that_did_not_take_place_fails_and_so_does_a_family_without_attempts():
    proven = judge("fences", "a", iter([Attempt("a", "x", True)]))
    assert not has_failed_directly([proven])
    assert has_failed_directly([proven, judge("fences", "b", iter([Attempt("b", "x", False)]))])
    assert has_failed_directly([proven, judge("fences", "b", iter([Attempt("b", "x", True, ("bad",))]))])
    assert has_failed_directly([proven, FamilyResult("others", "b", 0, (), {})])


def test_the_table_counts_tools_attempts_and_violations():
    results = [
        judge("fences", "a", iter([Attempt("a", "x", True, ("bad", "worse")), Attempt("a", "y", False)])),
        judge("fences", "b", iter([])),
    ]
    lines = list(as_rows(results))
    assert lines[2] == "| fences | 1 | 2 | 1 | 2 |"
    assert "VIOLATION fences: a, x: worse" in lines
    assert "NOT PROVEN fences: a, y" in lines


# -- lost answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", WRITERS)
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (WriteNotDone("It was not done."), "says not done, though it was done"),
        (WriteOutcomeUnknown("Nobody knows."), "says unknown, without a link to where a person looks"),
    ],
)
def test_a_false_word_about_a_lost_write_is_noticed(monkeypatch, tool, error, said):
    async def settle(*_: object) -> None:
        raise error

    # Some tools settle a part of their write themselves.
    for module in [each for name, each in sys.modules.items() if name.startswith("langchain_azure_devops.")]:
        if vars(module).get("settle_write") is recovery.settle_write and module is not recovery:
            monkeypatch.setattr(module, "settle_write", settle)
    example = TOOLS[tool].examples[0]
    lost, nothing = lost_answers.LOSSES[0], lost_answers.SITUATIONS[0]
    assert found([lost_answers.lose(tool, "", example, None, lost, nothing)]) == {said}


def test_a_lost_preparation_counts_as_no_effect(monkeypatch):
    tool = "upload_attachment"
    example, nothing = TOOLS[tool].examples[0], lost_answers.SITUATIONS[0]

    def lose(loss):
        return found([lost_answers.lose(tool, "", example, None, loss, nothing, prepares=True)])

    assert set.union(*map(lose, lost_answers.LOSSES)) == set()
    made = TOOLS[tool].function.__annotations__["return"](
        work_item=28, revision=9, id="3", name="trace.txt", bytes=1, sha256=""
    )

    async def say_done(*_: object) -> object:
        return made

    monkeypatch.setattr("langchain_azure_devops.calls.tool.PreparationLost", ())
    monkeypatch.setattr("langchain_azure_devops.calls.tool.settle_write", say_done)
    assert lose(lost_answers.LOSSES[0]) == {"says done, though this call had done nothing"}


def test_a_write_that_counts_as_done_without_proof_is_noticed(monkeypatch):
    tool = "add_work_item_comment"
    made = TOOLS[tool].function.__annotations__["return"](work_item=4, comment=1)

    async def settle(*_: object) -> object:
        return made

    monkeypatch.setattr("langchain_azure_devops.calls.tool.settle_write", settle)
    example, nothing = TOOLS[tool].examples[0], lost_answers.SITUATIONS[0]
    told = [found([lost_answers.lose(tool, "", example, None, loss, nothing)]) for loss in lost_answers.LOSSES]
    assert set.union(*told) == {
        "says done, though this call had done nothing",
        "says done, but shows another item than the one it made",
    }


def test_a_second_write_is_noticed(change_tool):
    tool = "add_work_item_comment"
    original = TOOLS[tool].function

    @functools.wraps(original)
    async def insist(client, **arguments):
        try:
            return await original(client, **arguments)
        except WriteOutcomeUnknown:
            return await original(client, **arguments)

    change_tool(tool, function=insist, writes=2)
    example, nothing = TOOLS[tool].examples[0], lost_answers.SITUATIONS[0]
    assert "sent the write 2 times" in found(
        [lost_answers.lose(tool, "", example, None, lost_answers.LOSSES[0], nothing)]
    )


def test_lost_comments_are_told_truly():
    assert found(lost_answers.attempt("add_work_item_comment", False)) == set()


# -- outdated approvals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", ["update_pull_request", "add_work_item_comment"])
def test_a_write_on_an_outdated_view_is_noticed(change_tool, tool):
    async def always_the_same(*_: object) -> dict[str, object]:
        return {"title": "The same"}

    change_tool(tool, current=always_the_same)
    assert found(outdated_approvals.attempt(tool, False)) == {
        "the write was sent although what the approval showed was no longer true"
    }


@pytest.mark.parametrize("tool", WRITERS)
def test_an_outdated_view_is_approved_again(tool):
    assert {violation for each in outdated_approvals.attempt(tool, False) for violation in each.violations} == set()


# -- hostile arguments -------------------------------------------------------------------------------------------------


def test_a_run_that_a_value_ends_is_noticed(change_tool):
    async def fail(client, *, repository: str, project: str | None = None, contains: str | None = None) -> None:
        raise RuntimeError(repository)

    broken = replace(TOOLS["list_tags"], function=fail)
    change_tool("list_tags", function=fail, parameters=broken.parameters)
    values = list(hostile_arguments.attempt("list_tags", False))
    assert "the run ended with RuntimeError" in str(values)


def test_a_run_that_the_agents_own_tools_end_is_noticed(monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("own tool")

    monkeypatch.setattr("azure_devops_agents.investigation.routing.parse_report", fail)
    monkeypatch.setattr(hostile_arguments, "VALUES", {"nothing": ""})
    made = list(hostile_arguments.attempt("list_projects", True))
    assert [each.name for each in made if "write_report" in each.name]
    assert "the run ended with RuntimeError" in str(made)


def test_every_argument_of_a_tool_gets_every_value_on_some_tools_and_the_agents_own_tools_get_all_values(monkeypatch):
    idle = SimpleNamespace(ask=lambda *_: [], pending=lambda _: None, state=lambda _: {})
    monkeypatch.setattr(hostile_arguments, "open_toolkit", lambda *_, **__: nullcontext())
    monkeypatch.setattr(hostile_arguments, "open_investigator", lambda *_, **__: nullcontext(idle))
    names = [each.name for tool in TOOLS for each in hostile_arguments.attempt(tool, False)]
    for value in hostile_arguments.VALUES:
        for own in ("each argument of read_evidence", "answer of write_report", "observed of write_report"):
            assert f"{own} = {value}" in names, (own, value)
        assert f"project = {value}" in names


def test_hostile_arguments_end_no_run():
    assert found(hostile_arguments.attempt("list_tags", False)) == set()


# -- fences ------------------------------------------------------------------------------------------------------------


def test_a_fence_that_can_be_closed_from_inside_is_noticed(monkeypatch):
    def fence(text: str, nonce: str) -> str:
        return f"<untrusted {nonce}>\n{text}\n</untrusted {nonce}>"

    monkeypatch.setattr("langchain_azure_devops.results.rendering.fence", fence)
    made = list(fences.attempt("list_tags", False))
    assert all(each.proven for each in made)
    # A table escapes tabs and line breaks, so 300 tabs do not come out of it as they went in.
    assert [each.name.count("\\t") > 0 for each in made if not each.violations] == [True]


def test_each_disguise_of_the_tag_is_recognized():
    for closer in fences.CLOSERS:
        content = f"<untrusted {fences.NONCE}>\n{fences.MARKER}{closer}\n</untrusted {fences.NONCE}>"
        assert list(fences.escapes(content)), closer
    harmless = "a < b; <untrue> </div> < untried, us; 5f3a9c02"
    assert list(fences.escapes(f"<untrusted {fences.NONCE}>\n{harmless}\n</untrusted {fences.NONCE}>")) == []


@pytest.mark.parametrize("tool", ["list_tags", "update_wiki_page"])
def test_no_disguise_closes_the_fence(tool):
    made = list(fences.attempt(tool, False))
    assert all(each.proven for each in made)
    assert found(made) == set()


def test_a_text_that_is_shown_only_with_a_harmless_content_proves_nothing(monkeypatch):
    really_call = fences.SampleCall.call

    def call(stage, plants=None, errors=None):
        """Answer without the hostile texts, as if something had kept each of them away."""
        hostile = any("untrusted" in payload for payload in (plants or {}).values())
        return really_call(stage, None if hostile else plants, errors)

    monkeypatch.setattr(fences.SampleCall, "call", call)
    made = list(fences.attempt("update_wiki_page", False))
    assert {each.name.split(":")[0] for each in made if not each.proven} == {"sample 0, 1 texts"}


# -- known secrets -----------------------------------------------------------------------------------------------------


@pytest.fixture
def forgets(monkeypatch):
    """Let the client find secrets where a rule does, and nowhere else."""
    monkeypatch.setattr("langchain_azure_devops.text.known_secrets.FormIndex.find", lambda *_: iter(()))


@pytest.mark.usefixtures("forgets")
def test_a_pseudonym_that_comes_back_as_its_secret_is_noticed():
    told = found(secret_oracles.attempt("list_tags", False))
    # The content policy takes known secrets out of events and reports once more.
    places = "content", "exception", "audit log", "messages", "evidence", "thread database"
    assert told >= {f"the secret is in clear: {place}" for place in places}


def test_no_pseudonym_comes_back_as_its_secret():
    assert found(secret_oracles.attempt("list_tags", False)) == set()


@pytest.mark.usefixtures("forgets")
@pytest.mark.parametrize("tool", ["list_tags", "search_code"])
def test_a_known_secret_that_is_shown_elsewhere_is_noticed(tool):
    made = list(hidden_context.attempt(tool, False))
    alone = [each for each in made if "named in an earlier answer" in each.name]
    assert alone
    assert all(each.violations for each in alone)


def views_of(tool):
    return [view for view in hidden_context.VIEWS if view.fits(tool)]


@pytest.mark.usefixtures("forgets")
@pytest.mark.parametrize(
    "tool",
    [
        "preview_pipeline",
        "read_artifact_file",
        "get_build_log",
        "get_pull_request",
        "read_attachment",
        "read_wiki_page",
    ],
)
def test_a_secret_that_is_named_above_what_is_shown_is_noticed(tool):
    made = [hidden_context.view_part(tool, hidden_context.DOCUMENTS[0], view) for view in views_of(tool)]
    assert made
    assert all(each.proven and each.violations for each in made)


@pytest.mark.parametrize(
    "tool",
    [
        "preview_pipeline",
        "read_artifact_file",
        "get_build_log",
        "read_attachment",
        "read_wiki_page",
    ],
)
def test_every_document_reaches_every_view_and_shows_no_secret(tool):
    made = [
        hidden_context.view_part(tool, document, view)
        for document in hidden_context.DOCUMENTS
        for view in views_of(tool)
    ]
    assert all(each.proven for each in made)
    assert found(made) == set()


def test_a_view_is_known_by_the_arguments_of_a_tool_or_by_what_it_shows():
    names = {tool: [view.name for view in views_of(tool)] for tool in ("get_build_log", "list_artifacts")}
    assert names["list_artifacts"] == []  # It is given a build, and shows no line of a log.
    assert "the end of a log" in names["get_build_log"]


@pytest.mark.parametrize("tool", ["read_repository_file", "search_code"])
def test_no_known_secret_is_shown_elsewhere(tool):
    assert found(hidden_context.attempt(tool, False)) == set()


def test_a_document_tells_its_secret_above_the_first_line_that_is_shown():
    for document in hidden_context.DOCUMENTS:
        above = document.lines[: hidden_context.FIRST - 1]
        assert len(above) == hidden_context.FIRST - 1
        assert above[-len(document.above) :] == document.above
        assert document.changed[hidden_context.FIRST - 1 :][: len(document.shown)] == document.shown
        assert len(document.changed) == len(document.lines) + 1


# -- decorated secrets and hostile declarations ------------------------------------------------------------------------


@pytest.mark.usefixtures("forgets")
def test_a_known_secret_that_a_colour_hides_is_noticed():
    assert "a secret is shown in clear: known" in found(decorated_secrets.attempt("list_projects", False))


@pytest.mark.parametrize("kind", DECORATIONS)
def test_a_decorated_secret_is_recognized_where_it_is_shown(kind):
    for each in decorated_secrets.decorated(1, kind):
        if not each.seen:
            assert decorated_secrets.shows([f"a {each.secret} b"], each)
        assert not decorated_secrets.shows(["a [secret:password:0123456789] b"], each)


def test_no_decorated_secret_is_shown():
    assert found(decorated_secrets.attempt("get_pull_request", False)) == set()


def test_an_ordinary_value_that_nobody_can_read_or_write_any_more_is_noticed(monkeypatch):
    monkeypatch.setattr("langchain_azure_devops.text.known_secrets.is_unmistakable", lambda *_: True)
    lost = found(hostile_declarations.attempt("list_projects", False))
    assert any("'Mobile App' is no longer shown: .data" in violation for violation in lost)


def test_a_declaration_that_blocks_an_honest_write_is_noticed(monkeypatch):
    attempts, really_call = count(), hostile_declarations.call

    def call(toolkit, tool, arguments):
        """Block every second write, so that another toolkit can send what this one cannot."""
        if tool != "add_work_item_comment" or next(attempts) % 2:
            return really_call(toolkit, tool, arguments)
        return None

    monkeypatch.setattr(hostile_declarations, "call", call)
    assert found(hostile_declarations.attempt("add_work_item_comment", False)) == {"an honest write is blocked"}


@pytest.mark.parametrize(
    "tool",
    [
        "list_projects",
        "get_pull_request",
        "add_work_item_comment",
        "read_attachment",
        "read_wiki_page",
    ],
)
def test_ordinary_values_that_are_declared_secrets_stay(tool):
    assert found(hostile_declarations.attempt(tool, False)) == set()


# -- parts and encodings -----------------------------------------------------------------------------------------------


def test_a_write_without_a_content_policy_is_noticed(monkeypatch):
    monkeypatch.setattr("langchain_azure_devops.calls.approval.find_violations", lambda *_: [])
    made = list(encodings.attempt("add_work_item_comment", False))
    assert all(each.proven and each.violations for each in made)
    assert {each.name.rpartition("; ")[2] for each in made} == set(encodings.MODES)


def test_no_part_and_no_encoding_of_a_secret_is_written():
    assert found(encodings.attempt("add_work_item_comment", False)) == set()


@pytest.mark.parametrize("form", encodings.ENCODINGS)
def test_each_form_of_a_secret_holds_ten_of_its_letters(form):
    texts = encodings.ENCODINGS[form](OWN_TOKEN)
    assert texts
    assert all(len(text) >= 10 for text in texts)
    assert len(set(texts)) == len(texts)


# -- rendered reports --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", rendered_reports.FORMS)
def test_each_hostile_form_is_active_in_a_page(form):
    assert list(rendered_reports.find_active(rendered_reports.FORMS[form])), form


def test_a_page_does_nothing_with_a_harmless_text():
    harmless = "Read [the page](docs/page.md#part), `@user` and <b>this</b>: https [:] / / evil.example, a@b.example."
    assert list(rendered_reports.find_active(harmless)) == []
    assert list(rendered_reports.find_active("[the wiki](https://wiki.contoso.example/page)")) == []


@pytest.mark.parametrize("tool", tools_with("read")[:5])
def test_no_report_makes_a_page_act(tool):
    assert found(rendered_reports.attempt(tool, False)) == set()


def test_a_family_attacks_a_tool_by_its_name():
    result = attack_directly("outdated approvals", "add_work_item_comment")
    assert (result.family, result.tool, result.violated, result.unproven) == (
        "outdated approvals",
        "add_work_item_comment",
        0,
        (),
    )
    assert result.attempts
