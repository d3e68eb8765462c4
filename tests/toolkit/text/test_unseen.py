"""What a person does not see in an approval, generated from the character database; and names that look like others."""

import unicodedata

import pytest

from langchain_azure_devops.text import clean, find_alphabets, find_disguise, find_similar, find_unseen, spell_out
from langchain_azure_devops.text.lookalikes import skeleton
from langchain_azure_devops.text.untrusted import find_hidden

EVERY = [chr(code) for code in (*range(0x32000), *range(0xE0000, 0xE1000), *range(0xFFF00, 0x10000), 0x10FFFF)]
NOT_SEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
# Letters, marks and symbols that show nothing (Default_Ignorable_Code_Point, and blanks by their names).
IGNORABLE = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\ufe00\ufe0f\uffa0\U000e0100\U000e01ef"
BLANK_SYMBOLS = [
    character for character in EVERY if "BLANK" in unicodedata.name(character, "") and character not in "␢⎵␣⸺"
]
VISIBLE_FORMATS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"


def test_every_character_without_a_form_of_its_own_is_named():
    unseen = [
        character for character in EVERY if unicodedata.category(character) in NOT_SEEN and character not in " \n\t"
    ]
    assert [ascii(character) for character in (*unseen, *IGNORABLE, "\u2800") if not find_unseen(character)] == []
    assert [
        ascii(character) for character in (*unseen, *IGNORABLE, "\u2800") if spell_out(character) == character
    ] == []


def test_braille_and_other_blanks_by_their_names_are_named():
    found = {unicodedata.name(character) for character in BLANK_SYMBOLS if find_unseen(character)}
    assert "BRAILLE PATTERN BLANK" in found


def test_letters_digits_marks_and_punctuation_of_all_scripts_are_seen():
    seen = "".join(
        character
        for character in EVERY
        if unicodedata.category(character)[0] in "LNPS"
        and character not in "\u2800\ufffc\U0001d159\u115f\u1160\u3164\uffa0"
    )
    assert find_unseen(seen) == []
    assert spell_out(seen, brackets=False) == seen


def test_what_a_model_may_not_read_is_removed_and_named():
    """The list of the cleaning is complete: all format characters but the ones with a form, and the ignorable ones."""
    formats = [
        character
        for character in EVERY
        if unicodedata.category(character) in {"Cf", "Cc", "Zl", "Zp"} and character not in VISIBLE_FORMATS + "\t\n"
    ]
    assert [
        ascii(character) for character in (*formats, *IGNORABLE) if clean(f"a{character}b") == f"a{character}b"
    ] == []
    hidden = [character for character in EVERY if find_hidden(character)]
    assert [ascii(character) for character in hidden if not find_unseen(character)] == []


def test_no_text_can_imitate_a_written_out_name():
    assert spell_out("⟦TAB⟧").count("⟦") == 2
    assert spell_out("a\u200b") != spell_out("a⟦ZERO WIDTH SPACE⟧")
    assert spell_out(spell_out("a\u200b"), brackets=False) == spell_out("a\u200b")


def test_marks_that_would_cover_other_lines_are_written_out():
    text = "z" + "\u0336" * 10
    assert spell_out(text) == "z" + "\u0336" * 3 + "⟦COMBINING LONG STROKE OVERLAY⟧" * 7
    assert spell_out("\u0301a").startswith("⟦COMBINING ACUTE ACCENT⟧")
    assert spell_out("e\u0301\u0323") == "e\u0301\u0323"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("main", "mаin"), ("main", "Main"), ("main", "ｍａｉｎ"), ("main", "rnain"), ("main", "ma1n"), ("main", "máin"),
        ("main", "ma\u200bin"), ("release/1.0", "release/l.0"), ("release/1.0", "release∕1.0"), ("v10", "vl0"),
        ("a-b", "a‑b"), ("a-b", "a–b"), ("Tom Becker", "Тom Весkеr"), ("scope", "ѕсоре"), ("alpha", "αlphα"),
        ("feature/x", "feature/х"), ("𝐦𝐚𝐢𝐧", "main"), ("main", "main\u00a0"),
    ],
)  # fmt: skip
def test_names_that_a_reader_takes_for_each_other_share_a_skeleton(one, other):
    assert one != other
    assert skeleton(one) == skeleton(other)
    assert find_similar(other, [one, "develop"]) == [one]


@pytest.mark.parametrize(("one", "other"), [("main", "maine"), ("a/b", "ab"), ("v1", "v2"), ("релиз", "main")])
def test_other_names_do_not(one, other):
    assert find_similar(other, [one]) == []


@pytest.mark.parametrize(
    ("text", "alphabets"),
    [
        ("mаin", ["Cyrillic", "Latin"]), ("αlpha", ["Greek", "Latin"]), ("аdmin of релиз", ["Cyrillic", "Latin"]),
        ("релиз main", []), ("東京main", []), ("ひらがなカタカナ漢字abc", []), ("한국어text", []), ("café", []),
        ("x²", []), ("ﬁle", []), ("user_имя", []), ("", []), ("日本語аbc", ["Cjk", "Cyrillic", "Latin"]),
    ],
)  # fmt: skip
def test_a_word_of_several_alphabets_is_told_from_words_of_several(text, alphabets):
    assert find_alphabets(text) == alphabets


def test_a_foreign_word_that_reads_as_latin_is_a_disguise():
    assert find_disguise("сосо") == "coco"
    assert find_disguise("релиз") == ""
    assert find_disguise("main") == ""
