"""The approval of a write as a person sees it in a terminal of any width. Nothing is left out without saying so.

Text from outside stands behind a bar, and nothing else does. A name, a border or a question at the beginning of a line
therefore comes from this module, whatever a value looks like.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import get_character_cell_size
from rich.console import Console
from rich.text import Text

from azure_devops_agents.approvals.view import UNTRUSTED_READ, describe_more, describe_source
from azure_devops_agents.cli.terminal import text_width
from langchain_azure_devops.text import defuse_commands, spell_out

NARROWEST = 40
_MOST_LINES, _MOST_IN_ALL, _FEW = 40, 200, 3
"""The lines of one value; of all values, before each further one is cut to a few lines; and these few."""
_BORDER = ("│ ", "yellow")
_BAR, _CONTINUED = "▏", "┆"
_NAME = re.compile(r"[A-Za-z][\w.]*", re.ASCII)
_PLACE = re.compile(r"[A-Za-z0-9][\w .-]{0,47}")
_SIGNS = {"-": ("-", "red"), "+": ("+", "green")}
_TAB = "⟦TAB⟧"


@dataclass
class _Sheet:
    """The lines of one approval, and how much it leaves out."""

    width: int
    full: bool
    lines: list[Text]
    left_out: int = 0

    def say(self, text: str, style: str = "") -> None:
        """Add a text of this program, which holds nothing from outside."""
        for line in _cut(text, self.width - 2):
            self.lines.append(Text.assemble(_BORDER, (line, style)))

    def name(self, name: object, value: object, style: str = "") -> None:
        """Add a name and its value: on one line where both fit, otherwise the value on the lines below."""
        title, text = str(name), show_value(value)
        if not self.is_plain(title):
            self.title(title)
        elif _fits(text, self.width - 5 - _column(self.width)) and len(title) <= _column(self.width):
            padded = title.ljust(_column(self.width))
            self.lines.append(Text.assemble(_BORDER, (padded, "bold"), f" {_BAR}", (_visible(text), style)))
            return
        else:
            self.title(title)
        self.value(text, style=style)

    def title(self, name: str) -> None:
        """Add a name on a line of its own. One that does not fit, or that is no identifier, stands behind the bar."""
        if self.is_plain(name):
            self.say(name, "bold")
        else:
            self.say("the field with this name:", "bold")
            self.value(name, style="bold")
            self.say("has this value:", "bold")

    def is_plain(self, name: str) -> bool:
        """Return whether a name can stand before the bar: it fits one line, and no text can look like it."""
        return bool(_NAME.fullmatch(name)) and len(name) <= self.width - 2

    def value(self, given: object, sign: str = " ", style: str = "", most: int = _MOST_LINES) -> None:
        """Add a value from outside behind the bar. A long one is cut, with the number of characters left out."""
        text = show_value(given)
        room, shown = self.width - 5, 0
        most = most if len(self.lines) < _MOST_IN_ALL else min(most, _FEW)
        for number, (start, piece) in enumerate(_lay_out(text, room)):
            if number == most and not self.full:
                self.leave_out(len(text) - shown)
                return
            bar = _BAR if start else _CONTINUED
            self.lines.append(Text.assemble(_BORDER, (sign if start else " ", style), bar, (piece.shown, style)))
            shown += piece.length

    def leave_out(self, number: int, what: str = "more characters") -> None:
        """Say how much is not shown."""
        self.left_out += number
        self.say(f"… {number:,} {what}: [v] shows all", "bold yellow")


@dataclass(frozen=True)
class _Piece:
    """A part of a value as it is shown, and how many characters of the value it holds."""

    shown: str
    length: int


def show_approval(console: Console, view: Mapping[str, Any], *, full: bool = False) -> int:
    """Print everything a person needs for the decision, and return how much was left out.

    Args:
        console: Where to print.
        view: What the approve node shows.
        full: Whether to print all of it, however long.
    """
    width = max(text_width(console), NARROWEST)
    sheet = _Sheet(width, full, [])
    _add_question(sheet, view)
    if view.get("notice"):
        sheet.say("This may be done twice:", "bold red")
        sheet.value(view["notice"], style="red")
    _add_outdated(sheet, view.get("outdated") or [])
    _add_present_state(sheet, view)
    same = [change for change in view["changes"] if _is_same(change)]
    for change in view["changes"]:
        if change not in same:
            _add_change(sheet, change)
    if same:
        sheet.say("would be written, and stays as it is:", "dim")
    for change in same:
        sheet.name(change["field"], change["new"])
    _add_warnings(sheet, view)
    _add_sources(sheet, view)
    console.print(Text(f"╭─ Approval {'─' * (width - 12)}", style="yellow"), soft_wrap=True)
    for line in sheet.lines:
        console.print(line, soft_wrap=True)
    console.print(Text(f"╰{'─' * (width - 1)}", style="yellow"), soft_wrap=True)
    return sheet.left_out


def show_value(value: object) -> str:
    """Return a value as text in which nothing is hidden and nothing acts as a command."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return defuse_commands(spell_out(text, prose=True, brackets=False))


def _add_question(sheet: _Sheet, view: Mapping[str, Any]) -> None:
    places = [(name, str(place)) for name in ("project", "organization") if (place := view.get(name))]
    plain = sheet.is_plain(view["tool"]) and all(_PLACE.fullmatch(place) and " of " not in place for _, place in places)
    project = f" in project {view['project']}" if view.get("project") else ""
    what = f"{view['tool']} write{project} of {view['organization']}" if plain else "this be written"
    sheet.say(f"{'Edited: may' if view.get('edited') else 'May'} {what}?", "bold")
    for name, place in [] if plain else [("tool", view["tool"]), *places]:
        sheet.name(name, place)
    if view.get("problem"):
        sheet.say("not accepted", "bold red")
        sheet.value(view["problem"], style="red")


def _add_outdated(sheet: _Sheet, outdated: Sequence[Mapping[str, Any]]) -> None:
    """Show what changed after the person approved, or cannot be compared; nothing was written then."""
    changed = [change for change in outdated if change["comparable"]]
    if changed:
        sheet.say("You approved this before. It was not written, because this changed meanwhile:", "bold red")
    for change in changed:
        _add_pair(sheet, change["name"], change["shown"], change["now"])
    unknown = [change for change in outdated if not change["comparable"]]
    if unknown:
        before = "And this" if changed else "You approved this before. It was not written, because this"
        sheet.say(f"{before} holds a secret whose value cannot be compared after a restart:", "bold red")
    for change in unknown:
        sheet.name(change["name"], change["now"], "red")


def _add_present_state(sheet: _Sheet, view: Mapping[str, Any]) -> None:
    """Show what the write is about, as it is now."""
    current, arguments = view.get("current") or {}, view["arguments"]
    named = {change["field"] for change in view["changes"]} | {"project"}
    for name in ("id", "revision"):
        if name in arguments:
            title = f" ({current['title']})" if name == "id" and current.get("title") else ""
            sheet.name(name, f"{show_value(arguments[name])}{title}")
            if name in current and str(current[name]) != str(arguments[name]):
                sheet.say(f"The {name} is another one by now, so the service will refuse this write:", "bold red")
                sheet.value(current[name], style="red")
    about = [(name, value) for name, value in current.items() if name not in {*named, "id", "revision"}]
    if about:
        sheet.say("as it is now:", "dim")
    for name, value in about:
        sheet.name(name, value, "dim")
    if about and not all(map(_is_same, view["changes"])):
        sheet.say("would be written:", "dim")


def _add_change(sheet: _Sheet, change: Mapping[str, Any]) -> None:
    """Show one field that changes: the lines that differ, the old and the new value, or the only value."""
    new = change["new"]
    if change["lines"] and not sheet.full:
        _add_difference(sheet, change)
    elif not change["known"]:
        sheet.name(change["field"], new)
    else:
        _add_pair(sheet, change["field"], change["old"], new)


def _is_same(change: Mapping[str, Any]) -> bool:
    """Return whether the value is there already. The service accepts a number also as its digits."""
    return change["known"] and change["old"] is not None and show_value(change["old"]) == show_value(change["new"])


def _add_pair(sheet: _Sheet, name: str, old: object, new: object) -> None:
    sheet.title(name)
    for sign, value in (("-", old), ("+", new)):
        sheet.value("" if value is None else value, *_SIGNS[sign])
        if value in (None, ""):
            sheet.say("   (empty)", "dim")


def _add_difference(sheet: _Sheet, change: Mapping[str, Any]) -> None:
    """Show the lines that differ, and how much of the new text is not among them."""
    sheet.title(change["field"])
    shown = 0
    for number, line in enumerate(change["lines"]):
        sign, style = _SIGNS.get(line[:1], (" ", ""))
        if number == _MOST_LINES:
            break
        if line.startswith("@@"):
            sheet.say(line, "dim")
            continue
        sheet.value(line[1:], sign, style)
        shown += 0 if sign == "-" else len(line)
    if (left := len(str(change["new"])) + 1 - shown) > 0:
        sheet.leave_out(left, "more characters of the new value")


def _add_warnings(sheet: _Sheet, view: Mapping[str, Any]) -> None:
    for entry in view.get("lookalikes") or []:
        sheet.say("Look closely at", "bold red")
        sheet.name(entry["argument"], entry["value"], "red")
        sheet.value(entry["warning"], style="red")
    for name, found in view["hidden_characters"].items():
        sheet.say("hidden characters", "bold red")
        sheet.name(name, ", ".join(found), "red")


def _add_sources(sheet: _Sheet, view: Mapping[str, Any]) -> None:
    """List what the write rests on: a few results with the authors of their texts, and how many others there are."""
    if view["evidence"]:
        sheet.say("rests on", "dim")
    for entry in view["evidence"]:
        sheet.value(describe_source(entry), style="yellow" if entry["untrusted"] else "", most=_FEW)
    if more := describe_more(view["evidence_more"]):
        sheet.say(more, "dim")
    if view["untrusted_read"]:
        sheet.say(UNTRUSTED_READ, "yellow")


def _column(width: int) -> int:
    """Return the width of the names beside their values."""
    return 16 if width >= 60 else 12


def _fits(text: str, room: int) -> bool:
    return "\n" not in text and sum(map(_cells, _visible(text))) <= room


def _lay_out(text: str, room: int) -> Iterator[tuple[bool, _Piece]]:
    """Yield the lines of a value, each with whether it begins a line of the value itself."""
    for number, line in enumerate(text.split("\n")):
        start = True
        for piece in _cut(_visible(line), room):
            # A line break counts as a character of the line before it.
            yield start, _Piece(piece, len(piece.replace(_TAB, "\t")) + (start and number > 0))
            start = False


def _visible(line: str) -> str:
    """Mark blanks that a reader would not see: at both ends of a line, and tabs."""
    bare = line.strip(" ")
    before = len(line) - len(line.lstrip(" ")) if bare else len(line)
    after = len(line) - before - len(bare)
    return f"{'␣' * before}{bare}{'␣' * after}".replace("\t", _TAB)


def _cut(line: str, room: int) -> Iterator[str]:
    """Cut a line into parts that fit, after a blank where there is one; no character is lost."""
    begin = at = used = 0
    blank = -1
    while at < len(line):
        size = _cells(line[at])
        if used + size > room:
            end = blank + 1 if blank >= begin else at
            yield line[begin:end]
            begin, at, used, blank = end, end, 0, -1
            continue
        if line[at] == " ":
            blank = at
        used += size
        at += 1
    yield line[begin:]


def _cells(character: str) -> int:
    return get_character_cell_size(character)
