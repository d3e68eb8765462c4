"""Unified diffs: right for every pair of texts, numbered as the texts, and never slow."""

import random
import re

import pytest
from growth import assert_grows_in_proportion

from langchain_azure_devops.text.line_diff import MAX_SHOWN_LINE, make_hunks, match_lines, split_lines

HEAD = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def diff(old: str, new: str) -> list[str]:
    sides = split_lines(old), split_lines(new)
    return make_hunks(*sides, match_lines(*sides))


def patched(old: str, hunks: list[str]) -> str:
    """Apply hunks as git would: every line that they name has to be there, at the number that they say."""
    lines, made, at = old.split("\n"), [], 0
    if lines[-1] == "":
        lines.pop()
    ended = old.endswith("\n") or not old
    for hunk in hunks:
        head, *body = hunk.split("\n")
        old_at, old_count, new_at, new_count = (1 if n is None else int(n) for n in HEAD.fullmatch(head).groups())
        made += lines[at : old_at - (old_count > 0)]
        at = old_at - (old_count > 0)
        assert len(made) == new_at - (new_count > 0), hunk
        for line, following in zip(body, [*body[1:], ""], strict=True):
            if line[0] in " -":
                assert lines[at] == line[1:], hunk
                at += 1
            if line[0] in " +":
                made.append(line[1:])
                ended = not following.startswith("\\")
            old_count -= line[0] in " -"
            new_count -= line[0] in " +"
        assert old_count == new_count == 0, hunk
    if lines[at:]:
        made, ended = made + lines[at:], old.endswith("\n")
    return "\n".join(made) + ("\n" if made and ended else "")


@pytest.mark.parametrize("seed", range(20))
def test_a_diff_turns_one_text_into_the_other(seed):
    dice = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(100):
        words = dice.choice([1, 2, 4, 50])
        old = [str(dice.randrange(words)) for _ in range(dice.randrange(50))]
        new = list(old)
        for _ in range(dice.randrange(8)):
            at = dice.randrange(len(new) + 1)
            new[at : at + dice.randrange(3)] = [str(dice.randrange(words)) for _ in range(dice.randrange(3))]
        texts = ["\n".join(lines) + dice.choice(["", "\n"]) * bool(lines) for lines in (old, new)]
        assert patched(texts[0], diff(*texts)) == texts[1]


def test_only_what_changed_is_shown_with_the_lines_around_it():
    old = [f"line {number}" for number in range(1, 41)]
    new = [*old[:9], "ten", *old[10:29], *old[31:], "one more"]
    assert diff("\n".join(old) + "\n", "\n".join(new) + "\n") == [
        "@@ -7,7 +7,7 @@\n line 7\n line 8\n line 9\n-line 10\n+ten\n line 11\n line 12\n line 13",
        "@@ -27,8 +27,6 @@\n line 27\n line 28\n line 29\n-line 30\n-line 31\n line 32\n line 33\n line 34",
        "@@ -38,3 +36,4 @@\n line 38\n line 39\n line 40\n+one more",
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a\n", "a", ["@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file"]),
        ("a", "a\nb", ["@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file"]),
        ("a\nb", "c\nb", ["@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of file"]),
        ("", "a\n", ["@@ -0,0 +1 @@\n+a"]),
        ("a\n\n", "", ["@@ -1,2 +0,0 @@\n-a\n-"]),
        ("a\n", "a\n", []),
        ("", "", []),
    ],
)
def test_the_end_of_a_text_counts(old, new, expected):
    assert diff(old, new) == expected


def test_a_long_hunk_is_divided_so_that_each_part_names_its_own_lines():
    text = "".join(f"a line of some length, number {number}\n" for number in range(1000))
    hunks = diff("", text)
    assert len(hunks) > 5
    assert all(len(hunk) < 5_000 for hunk in hunks)
    assert patched("", hunks) == text
    assert patched(text, diff(text, "")) == ""


def test_a_line_stays_one_line_and_is_not_too_long():
    (hunk,) = diff("", "a\r@@ -1 +1 @@\u2028+++ b/x\x85y\n" + "z" * 9_000)
    _, first, second, end = hunk.split("\n")
    assert first == "+a @@ -1 +1 @@ +++ b/x y"
    assert second == f"+{'z' * MAX_SHOWN_LINE}…"
    assert end.startswith("\\")


@pytest.mark.parametrize(
    "part", ["a\n", "a\nb\n", "\n", "a\nb\na\nc\nb\nc\n", "".join(f"{n % 97 * 31 % 89}\n" for n in range(997))]
)
@pytest.mark.parametrize("change", [lambda text: text[::-1], lambda text: text[len(text) // 3 :], str.swapcase])
def test_no_text_makes_the_comparison_slow(part, change):
    assert_grows_in_proportion(lambda text: diff(text, change(text)), part, 40_000)


def test_unique_lines_in_another_order_are_not_slow_either():
    lines = [f"{number}\n" for number in range(50_000)]

    def compare(text: str) -> None:
        some = lines[: len(text)]
        diff("".join(some), "".join(random.Random(1).sample(some, len(some))))  # noqa: S311 - no secret

    assert_grows_in_proportion(compare, "x", 10_000)
