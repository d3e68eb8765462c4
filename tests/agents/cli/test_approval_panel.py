"""The approval in a terminal: whatever the arguments and the width, nothing is left out without saying so."""

import asyncio
import io
import random
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from azure_devops_agents.approvals.answers import ask_about
from azure_devops_agents.approvals.view import build_view
from azure_devops_agents.cli.approval_panel import show_approval
from azure_devops_agents.cli.decisions import ask_person
from azure_devops_agents.investigation.events import ApprovalAsked
from langchain_azure_devops import AzureDevOps, load_settings
from langchain_azure_devops.calls import Toolset
from langchain_azure_devops.safety import WriteRequest, digest_call, spell_out_hidden
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.tools.work_items.models import CommentAdded, FieldValues

WIDTHS = [40, 41, 47, 58, 60, 80, 123, 160, 200]
LEFT_OUT = re.compile(r"… ([\d,]+) more characters(?: of the new value)?: \[v\] shows all")
HOSTILE = {
    "long word": "x" * 1_000,
    "50 kB": "word and word " * 3_600,
    "50 kB without a blank": "0123456789" * 5_000,
    "5,000 lines": "line\n" * 5_000,
    "wide": "漢字かな交じり文" * 60,
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽 " * 30,
    "combining": "e\u0301" * 90 + "z" + "\u0336\u0334\u0335" * 40 + "\u0301 at the start",
    "tabs": "\ta\t\tb\t" * 30,
    "line ends": "a\r\nb\rc\u2028d\u2029e\x85f\n\n\n",
    "markup": "[bold]not bold[/bold] [link=https://evil]x[/link] :smile: [red on white]",
    "ansi": "\x1b[2K\x1b[1A\x1b]0;title\x07\x1b[31mred\x1b[0m \x9b2J",
    "right to left": "שלום \u202eevil\u202c \u2066x\u2069 العربية",
    "hidden": "a\u200bb\u2800c\u3164d\U000e0041e\ufe0ff\u00adg\u00a0h\u3000i\ue000j\ufffc",
    "only blanks": " " * 200,
    "blanks at the ends": "  main  ",
    "imitates the panel": (
        "x\n╰──────────\n│ state   ▏Closed\n│ hidden characters\n╭─ Approval ─\n+▏Active\n│  ┆more\n│ -▏"
    ),
    "imitates what is cut": "… 1 more characters: [v] shows all\n│ … 9 more characters: [v] shows all",
    "imitates the prompt": "update_work_item 31: approve / edit / reject / stop / view [reject]: approve",
    "imitates a name of a character": "⟦ZERO WIDTH SPACE⟧ and ⟦TAB⟧",
    "halves": "a\ud83dz",
    "commands": "##vso[task.complete]\n::set-env name=a::b\n##[error]x",
    "empty": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def client():
    with AzureDevOps(load_settings(organization="tidewater", pat="x" * 52, environ={})) as made:
        yield made


def make_tool(state):
    async def current(_client, _arguments):
        return dict(state)

    async def note(
        client: AzureDevOps,
        *,
        title: str = "",
        description: str = "",
        tags: list[str] = [],  # noqa: B006 - read only
        fields: FieldValues = [],  # noqa: B006 - same
    ) -> CommentAdded:
        """Note."""
        raise NotImplementedError

    declare = Toolset.named("mine", "Mine.").write
    return declare(Scope.WORK_WRITE, sends="POST /{project}/x", current=current if state is not None else None)(note)


def view_of(client, arguments, state=None, **more):
    request = WriteRequest("note", arguments, digest_call("note", arguments), None)
    return build_view(client, make_tool(state), request, state, **more)


def printed(view, width, *, full=False):
    console = Console(file=io.StringIO(), width=width, force_terminal=True, record=True, _environ={})
    left_out = show_approval(console, view, full=full)
    return console.export_text().removesuffix("\n").split("\n"), left_out


def read_values(lines):
    """The texts behind the bars, one for each value or sign, and the numbers of characters said to be left out."""
    values, left = [], []
    for line in lines[1:-1]:
        assert line.startswith("│ "), line
        body = line[2:]
        if body[1:2] == "┆":
            values[-1] += body[2:]
        elif body[1:2] == "▏" and body[0] in " +-":
            values.append(body[2:])
        elif "▏" in body:
            values.append(body.split("▏", 1)[1])
        else:
            left.append(body)
    return values, [int(number.replace(",", "")) for number in LEFT_OUT.findall(" ".join(" ".join(left).split()))]


def bare(text):
    """A text without what the panel adds: marks of blanks, names of tabs, and blanks in commands."""
    return re.sub(r"\s|␣|⟦TAB⟧", "", text)


@pytest.mark.parametrize("known", [False, True], ids=["new", "changed"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_every_character_is_on_the_screen_or_counted(client, kind, known):
    value = HOSTILE[kind]
    state = {"title": "An old title"} if known else None
    view = view_of(client, {"title": value}, state)
    spelled = spell_out_hidden(value, "title")
    for width in WIDTHS:
        for full in (False, True) if width in {40, 80} else (False,):
            lines, left_out = printed(view, width, full=full)
            assert max(map(cell_len, lines)) <= width
            values, said = read_values(lines)
            shown = bare("".join(values))
            assert sum(said) == left_out
            if full:
                assert left_out == 0
            if left_out == 0:
                assert bare(spelled) in shown
            else:
                # What is shown is the beginning, and the rest is counted exactly.
                assert bare(spelled[:-left_out])[-100:] in shown
                assert bare(spelled[:-left_out])[:100] in shown


def test_a_cut_value_says_how_many_characters_are_missing(client):
    text = HOSTILE["50 kB without a blank"]
    for width in WIDTHS:
        lines, left_out = printed(view_of(client, {"title": text}), width)
        values, [said] = read_values(lines)
        assert said == left_out
        assert sum(value.count("0") + value.count("5") for value in values) == (len(text) - said) // 5
        assert 0 < len("".join(values).replace("word", "")) <= len(text)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_name_takes_nothing_from_the_values(client, width):
    fields = [
        {"name": f"Custom.{'N' * 300}", "value": "the first value"},
        {"name": "Custom.Short", "value": "the second value"},
        *({"name": f"Custom.Field{number}", "value": f"value {number} of 200"} for number in range(200)),
    ]
    lines, left_out = printed(view_of(client, {"title": "A title", "fields": fields}), width)
    values, _ = read_values(lines)
    assert left_out == 0
    assert "".join(values).count("N") == 300
    for field in fields:
        assert field["value"] in values


PANEL = """May note write of tidewater? title description tags as it is now: would be written: (empty)
    hidden characters … more of the new value: characters: [v] shows all value"""


@pytest.mark.parametrize("kind", HOSTILE)
def test_nothing_before_the_bar_comes_from_a_value(client, kind):
    """Each line begins with the border; what stands before the bar, or on a line without one, is of the panel."""
    value = HOSTILE[kind]
    view = view_of(client, {"title": value, "description": value, "tags": [value]}, {"description": "old\nx"})
    for width in (40, 60, 80):
        lines, _ = printed(view, width)
        assert lines[0].startswith("╭─ Approval ─")
        assert set(lines[-1]) == {"╰", "─"}
        for line in lines[1:-1]:
            head = re.split("[▏┆]", line, maxsplit=1)[0]
            assert head.startswith("│ ")
            if not re.fullmatch(r"│ (?:@@ .* @@|[-+ ]?)", head):
                assert {word for word in head[2:].split() if not re.fullmatch(r"[\d,]+", word)} <= {*PANEL.split()}


@pytest.mark.parametrize("project", ["Pay of good?\n│ approved", "Platform of contoso", "P" * 60, "a\u200bb"])
def test_a_project_whose_name_would_change_the_question_is_shown_as_a_value(client, project):
    view = view_of(client, {"title": "x"}, {"title": "y"})
    lines, _ = printed({**view, "project": spell_out_hidden(project)}, 60)
    assert lines[1] == "│ May this be written?"
    values, _ = read_values(lines)
    assert {"note", "tidewater"} <= set(values)
    assert bare(spell_out_hidden(project)) in bare("".join(values))


def test_two_fields_of_one_name_are_both_shown_and_so_are_lines_that_look_like_the_head_of_a_patch(client):
    fields = [{"name": "Custom.A", "value": "first"}, {"name": "Custom.A", "value": "second"}]
    arguments = {"description": "same\n++ added", "fields": fields}
    lines, _ = printed(view_of(client, arguments, {"description": "same\n-- removed"}), 80)
    values, _ = read_values(lines)
    assert {"first", "second", "++ added", "-- removed"} <= set(values)


def test_an_argument_that_is_called_fields_but_holds_others_is_shown(client):
    for value in ("secret text", [["x", "y"]], [{"name": "n"}], [{"name": "n", "value": "v", "more": "m"}]):
        lines, _ = printed(view_of(client, {"fields": value}), 80)
        values, _ = read_values(lines)
        assert any("secret text" in text or "[" in text or "name: n" in text for text in values)


def test_hidden_characters_in_lists_and_fields_are_flagged(client):
    arguments = {"tags": ["a\u200bb"], "fields": [{"name": "Custom.A", "value": "x\u2800"}], "title": "a\u00a0b"}
    found = view_of(client, arguments)["hidden_characters"]
    assert found == {
        "tags": ["ZERO WIDTH SPACE"],
        "fields": ["BRAILLE PATTERN BLANK"],
        "title": ["NO-BREAK SPACE"],
    }


def test_usual_blanks_of_prose_are_not_flagged_and_those_of_names_are(client):
    prose = "Une fois\u00a0: «\u202fbien\u202f». 東京\u3000大阪"
    assert view_of(client, {"description": prose})["hidden_characters"] == {}
    assert len(view_of(client, {"title": prose})["hidden_characters"]["title"]) == 3
    assert view_of(client, {"description": "a\u2800b"})["hidden_characters"] == {
        "description": ["BRAILLE PATTERN BLANK"]
    }


def test_long_lists_of_sources_and_many_long_values_do_not_push_the_write_off_the_screen(client):
    fields = [{"name": f"Custom.Field{n}", "value": "line\n" * 500} for n in range(60)]
    source = {"id": "E1", "tool": "get_work_item", "of": {"ids": [1]}, "untrusted": True, "by": ["people"]}
    sources = {
        "evidence": [{**source, "authors": [f"Somebody {n}" for n in range(200)]}] * 5,
        "more": {"results": 20, "untrusted": 17},
        "untrusted_read": True,
    }
    view = view_of(client, {"title": "A title", "fields": fields}, sources=sources)
    for width in (40, 80):
        lines, left_out = printed(view, width)
        text = " ".join(" ".join(lines).replace("│", "").split())
        assert len(lines) < 700
        assert "and 20 more results, 17 of them with text of others" in text
        assert left_out > 25_000
    whole, nothing = printed(view, 80, full=True)
    assert nothing == 0
    assert "".join(read_values(whole)[0]).count("Somebody 4 and 195 others") == 5


def test_what_changed_since_the_approval_is_marked_with_both_values(client):
    view = view_of(client, {"title": "x"}, {"title": "Renamed", "state": "Active"}, outdated={"title": "As it was"})
    lines, _ = printed(view, 60)
    text = "\n".join(lines)
    assert "You approved this before. It was not written" in " ".join(text.replace("│", "").split())
    assert "-▏As it was" in text
    assert "+▏Renamed" in text
    assert view["outdated"] == [
        {"name": "title", "shown": "As it was", "now": "Renamed", "comparable": True},
        {"name": "state", "shown": None, "now": "Active", "comparable": True},
    ]


def test_a_secret_that_cannot_be_compared_is_not_called_changed(client):
    stranger = "[secret:password:0123456789]"
    now = {"title": "Renamed", "text": "password: is [secret:password:9876543210] here", "state": "Active"}
    shown = {"title": "As it was", "text": f"password: is {stranger} here", "state": "Active"}
    view = view_of(client, {"title": "x"}, now, outdated=shown)
    assert {change["name"]: change["comparable"] for change in view["outdated"]} == {"title": True, "text": False}
    for before, says in (
        (shown, "And this holds a secret whose value cannot be compared after a restart:"),
        ({**shown, "title": "Renamed"}, "because this holds a secret whose value cannot be compared after a restart:"),
    ):
        lines, _ = printed(view_of(client, {"title": "x"}, now, outdated=before), 60)
        text = " ".join("".join(lines).replace("│", " ").split())
        assert says in text
        assert ("this changed meanwhile" in text) == (before is shown)
        assert stranger not in text


def test_the_view_for_other_front_ends_is_whole(client):
    for kind, value in HOSTILE.items():
        view = view_of(client, {"title": value, "description": value}, {"title": value})
        for name in ("title", "description"):
            assert view["arguments"][name] == spell_out_hidden(value, name), kind
        [title] = [change for change in view["changes"] if change["field"] == "title"]
        assert title["new"] == title["old"] == view["current"]["title"] == view["arguments"]["title"]


def test_random_values_at_random_widths(client):
    dice = random.Random(7)  # noqa: S311 - the same values in every run
    alphabet = "ab 漢\t\n\u0301👍\u200b│▏┆…⟦⟧[]-+@:#"
    for _ in range(150):
        value = "".join(dice.choice(alphabet) for _ in range(dice.randrange(1, 400)))
        width = dice.randrange(40, 201)
        view = view_of(client, {"title": value}, {"title": "old"} if dice.random() < 0.5 else None)
        lines, left_out = printed(view, width, full=True)
        values, _ = read_values(lines)
        assert left_out == 0
        assert max(map(cell_len, lines)) <= width
        assert bare(spell_out_hidden(value, "title").replace("##[", "# #[")) in bare("".join(values)), repr(value)


# -- names that look like others -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "warning"),
    [
        ("mаin", "letters of several alphabets: Cyrillic and Latin"),
        ("релиз-main", ""),
        ("сосо", "is not written in Latin letters, and looks like coco"),
        ("Тom Becker", "letters of several alphabets"),
        ("ｍain", ""),
        ("main", ""),
        ("東京-main", ""),
        ("café", ""),
        ("Straße", ""),
    ],
)
def test_letters_of_several_alphabets_in_one_word_are_flagged(client, name, warning):
    found = view_of(client, {"tags": [name]})["lookalikes"]
    assert [entry["warning"] for entry in found if warning in entry["warning"]] == [entry["warning"] for entry in found]
    assert bool(found) == bool(warning)


def test_a_branch_that_looks_like_another_is_flagged_with_its_name(client):
    for name in ("mаin", "ｍain", "Main", "rnain", "maın"):
        request = WriteRequest("note", {"target": name}, "d", None, frozenset({"target"}))
        tool = make_tool({"target_looks_like": ["main"]})
        state = asyncio.run(tool.read_current(client, request))
        view = {**build_view(client, tool, request, state), "edited": False, "problem": ""}
        [entry] = view["lookalikes"]
        assert "looks like main, which is another one" in entry["warning"]
        assert "looks like main" in " ".join("".join(read_values(printed(view, 40)[0])[0]).split())


# -- the decision ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 110, 160, 300])
def test_the_panel_and_its_text_are_as_wide_as_the_terminal_up_to_one_width(client, width):
    view = view_of(client, {"title": "word " * 200, "description": "x" * 2_000})
    console = Console(file=io.StringIO(), width=width, force_terminal=True, _environ={}, record=True)
    show_approval(console, view)
    lines = console.export_text().splitlines()
    frame = [line for line in lines if line.startswith(("╭", "╰"))]
    assert [len(line) for line in frame] == [min(width, 110)] * 2
    assert max(map(len, lines)) == min(width, 110)


def test_an_answer_that_is_none_is_told_what_is_possible(client, monkeypatch):
    console = Console(file=io.StringIO(), width=80, force_terminal=True, record=True, _environ={})
    view = view_of(client, {"title": "x"})
    answers = iter(["later", "[bold]", "stop"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.prompt", lambda *_given, **_named: next(answers))
    ask_person(console, ApprovalAsked("1", ask_about([{**view, "name": "create_work_item"}])))
    told = " ".join(console.export_text().split())
    for answer in ("later", "[bold]"):
        assert f"'{answer}' is no answer. Type approve, edit, reject, stop or view, or its first letter." in told


def test_v_shows_all_and_asks_again(client, monkeypatch, capsys):
    console = Console(file=io.StringIO(), width=80, force_terminal=True, record=True, _environ={})
    view = view_of(client, {"title": f"{'x ' * 30_000}the end"})
    answers = iter(["v", "approve"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.prompt", lambda *_given, **_named: next(answers))
    asked = ApprovalAsked("1", ask_about([{**view, "name": "create_work_item"}]))
    assert ask_person(console, asked) == {"decisions": [{"type": "approve", "digest": view["digest"]}]}
    assert "the end" in console.export_text()
