"""Quotes are found whatever form a model gives them, and nowhere else, in time that grows with the evidence only."""

import pytest
from growth import assert_grows_in_proportion

from azure_devops_agents.reports.quotes import NEAR, Found, QuoteFinder

TABLE = """3 builds, all
<untrusted 00000000>
id	pipeline	status	result	branch	queued
35	platform-api-ci	completed	failed	main	2026-11-19T13:57Z
29	platform-api-ci	completed	failed	main	2026-11-18T10:14Z
19	platform-api-ci	completed	succeeded	release/2.8	2026-11-11T08:07Z
</untrusted 00000000>"""
LOG = """<untrusted 00000000>
build: 35
log: 5
matching: 2
lines:
72- >           raise KeyError(key) from None
73: E           KeyError: 'DATABASE_TIMEOUT'
74-
335: FAILED tests/test_settings.py::test_the_page_size_is_fixed - KeyError: 'DATABASE_TIMEOUT'
</untrusted 00000000>"""
FILE = """lines 101-104 of 1,204
<untrusted 00000000>
repository: platform-api
path: /src/pool.py
POOL_SIZE = 40
# The database says \u201cno more\u201d \u2013 at 50 ...
def connection():
    return _pool.connection()
</untrusted 00000000>"""
RECORD = """<untrusted 00000000>
id: 18
result: failed
parent: 7
commit: 784424497d97dcad836e0057176512a8cdc4ae68
reviewers (1):
  name	vote
  Priya Raman	waits for the author
</untrusted 00000000>"""
TEXTS = {"E1": TABLE, "E2": LOG, "E3": FILE, "E4": RECORD}


def find(quote, *cited):
    return QuoteFinder(TEXTS).find(quote, cited or TEXTS)


@pytest.mark.parametrize(
    "quote",
    [
        "35\tplatform-api-ci\tcompleted\tfailed",
        "35 | platform-api-ci | completed | failed",
        "| 35 | platform-api-ci | completed | failed | main |",
        "35  platform-api-ci   completed\nfailed",
        "35\\tplatform-api-ci\\tcompleted",
        "`35\tplatform-api-ci`",
        "**35 platform-api-ci**",
        "35 \u2026 failed",
        "35 platform-api-ci ... 2026-11-19T13:57Z",
        "| id | pipeline | status | result | branch | queued |\n|---|:---|:---:|---|---|---|\n| 35 | platform-api-ci |",
        "\u201cplatform-api-ci\u201d",
    ],
)
def test_a_row_is_found_in_the_forms_that_models_write(quote):
    found = find(quote, "E1")
    assert found is not None
    assert "35\tplatform-api-ci\tcompleted\tfailed\tmain\t2026-11-19T13:57Z" in found.text


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        ("E KeyError: 'DATABASE_TIMEOUT'", 73),
        ("73: E           KeyError: 'DATABASE_TIMEOUT'", 73),
        ("73\tE KeyError: \u2018DATABASE_TIMEOUT\u2019", 73),
        ("raise KeyError(key) from None\nE KeyError: 'DATABASE_TIMEOUT'", 72),
        ("72- raise KeyError(key) from None".replace("- ", "- > "), 72),
        ("FAILED tests/test_settings.py", 335),
    ],
)
def test_a_line_of_a_log_has_its_number_in_the_log(quote, line):
    found = find(quote, "E2")
    assert found is not None
    assert found.line == line


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        ("POOL_SIZE = 40", 101),
        ("101: POOL_SIZE = 40", 101),
        ('The database says "no more" - at 50 ...', 102),
        ("103\tdef connection():\n104\t    return _pool.connection()", 103),
        ("def connection():\n    [...]\n    return _pool.connection()".replace("    [...]\n", ""), 103),
    ],
)
def test_a_line_of_a_file_has_its_number_in_the_file(quote, line):
    found = find(quote, "E3")
    assert found is not None
    assert found.line == line


def test_the_place_names_the_evidence_and_its_lines():
    assert find("Priya Raman | waits") == Found("E4", None, "  Priya Raman\twaits for the author", (7,))


@pytest.mark.parametrize("quote", ["failed", "7", "id: 18", "parent: 7", "name", "main"])
def test_a_short_quote_is_a_whole_line_cell_or_value(quote):
    assert find(quote) is not None


@pytest.mark.parametrize(
    "quote",
    [
        "", " ", "...", "e", "fail", "ail", "id: 1", "a b", "35\tp",
        "36\tplatform-api-ci\tcompleted",
        "72: E           KeyError: 'DATABASE_TIMEOUT'",
        "102: POOL_SIZE = 40",
        "failed ... 35",
        "5\tplatform-api-ci\tcompleted",
        "2026-11-1",
        "platform-api-ci completed succeeded main",
        "KeyError: 'DB_TIMEOUT'",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(quote):
    assert find(quote) is None


def test_a_hash_may_be_cut_off_and_an_id_may_not():
    assert find("commit: 784424497", "E4") is not None
    assert QuoteFinder({"E1": "build: 351"}).find("build: 35", ["E1"]) is None


def test_a_quote_over_several_lines_has_all_of_them():
    found = find("raise KeyError(key) from None\nE KeyError: 'DATABASE_TIMEOUT'", "E2")
    assert found.text == "72- >           raise KeyError(key) from None\n73: E           KeyError: 'DATABASE_TIMEOUT'"
    assert found.places == (5, 6)


def test_a_fence_between_two_lines_does_not_part_them():
    assert find("3 builds, all\nid | pipeline | status", "E1").places == (0, 2)


def test_a_single_character_is_no_part_of_a_quote():
    assert find("3 \u2026 platform-api-ci", "E1") is None
    assert find("35 \u2026 platform-api-ci", "E1") is not None


def test_a_quote_has_at_most_twelve_parts():
    text = " then ".join(f"part{number:02}" for number in range(13))
    parts = [f"part{number:02}" for number in range(13)]
    assert QuoteFinder({"E1": text}).find("\u2026".join(parts[:12]), ["E1"]) is not None
    assert QuoteFinder({"E1": text}).find("\u2026".join(parts), ["E1"]) is None


def test_the_number_of_a_line_may_be_its_place():
    finder = QuoteFinder({"E1": "first words\nsecond words"})
    assert finder.find("2: second words", ["E1"]) is not None
    assert finder.find("1: second words", ["E1"]) is None


@pytest.mark.parametrize(("quote", "line"), [("5: POOL_SIZE = 40", 101), ("4: POOL_SIZE = 40", None)])
def test_the_number_of_a_line_of_a_file_may_be_its_place_in_the_evidence(quote, line):
    found = find(quote, "E3")
    assert (found and found.line) == line
    assert find("6: POOL_SIZE = 40", "E3") is None


@pytest.mark.parametrize(("quote", "found"), [("platform", True), ("platfor", False), ("main\t2026-11-", True)])
def test_eight_characters_may_be_a_part_of_a_cell(quote, found):
    assert (find(quote, "E1") is not None) is found


@pytest.mark.parametrize(
    ("text", "quote", "found"),
    [
        ("first\nsecond", "2: second", True),
        ("first\nsecond", "1: second", False),
        ("35 builds ran on host 7", "35 builds ran", True),
        ("at 13T08:52Z it ended", "T08:52Z it ended", True),
        ("first words\nsecond words", "first words\\nsecond words", True),
        ("one two three four", "one two ... four", True),
        ("the tests of the best processes are closed", "es ... es ... es ... es", False),
        ("the red build of the day, the 7th of them", "the ... red ... day ... the", False),
        ("pool-1 is full, pool-2 is not, pool-3 is", "pool ... pool-2 ... pool-3", True),
    ],
)
def test_a_quote_is_found_where_its_words_stand(text, quote, found):
    assert (QuoteFinder({"E1": text}).find(quote, ["E1"]) is not None) is found


def test_the_parts_of_a_quote_do_not_overlap():
    assert find("Priya Raman ... waits", "E4") is not None
    assert find("Priya Rama…n\twaits", "E4") is not None, "nothing is left out"
    assert find("Priya Raman ... n\twaits", "E4") is None


def test_a_number_at_the_end_of_the_evidence_is_whole():
    assert QuoteFinder({"E1": "build: 351234567"}).find("build: 351234567", ["E1"]) is not None
    assert QuoteFinder({"E1": "build: 351234567"}).find("build: 3512345", ["E1"]) is not None
    assert QuoteFinder({"E1": "build: 351234567"}).find("build: 351234", ["E1"]) is None


def test_seven_digits_of_a_hash_are_enough():
    assert find("commit: \u2026 7844244", "E4") is not None
    assert find("commit: \u2026 784424", "E4") is None


def test_what_an_ellipsis_joins_is_near():
    far = f"The first{' and more' * NEAR} the last part"
    assert QuoteFinder({"E1": far}).find("first ... the last part", ["E1"]) is None
    again = f"{far} The first and the last part"
    assert QuoteFinder({"E1": again}).find("first ... the last part", ["E1"]) is not None


@pytest.mark.parametrize(
    ("quote", "places"),
    [
        ("POOL_SIZE = 40 ... Priya Raman\twaits for the author", {"E3": (4,), "E4": (7,)}),
        ("KeyError: 'DATABASE_TIMEOUT' ... result: failed", {"E2": (6,), "E4": (2,)}),
        ("waits for the author \u2026 parent: 7", {"E4": (3, 7)}),
        ("platform-api-ci ... 40 = POOL_SIZE ... main", {}),
        ("POOL_SIZE = 40 ... failed", {"E3": (4,), "E1": (3,)}),
        ("POOL_SIZE = 40 ... fail", {}),
        ("POOL_SIZE = 40 ... status: closed", {}),
        ("19 ... main ... failed", {}),
    ],
)
def test_passages_of_several_results_each_count_alone(quote, places):
    found = find(quote)
    assert (found.everywhere if found else {}) == places


def test_a_passage_that_is_quoted_again_is_that_of_the_next_result():
    finder = QuoteFinder({"E1": "width: 102 mm", "E2": "width: 104 mm", "E3": "width: 102 mm"})
    quote = "width: 102 mm ... width: 104 mm ... width: 102 mm"
    assert finder.find(quote, ["E1", "E2", "E3"]).everywhere == {"E1": (0,), "E2": (0,), "E3": (0,)}
    assert finder.find(quote, ["E1", "E3"]) is None


def test_the_lines_of_all_results_that_hold_a_quote_are_told():
    finder = QuoteFinder({"E1": "width: 102 mm", "E2": "width: 104 mm\nwidth: 102 mm"})
    assert finder.find_in_each("width: 102 mm", ["E1", "E2"]) == {"E1": (0,), "E2": (1,)}
    assert finder.find_in_each("width: 104 mm", ["E1", "E2"]) == {"E2": (0,)}
    assert finder.find_in_each("width: 103 mm", ["E1", "E2"]) == {}


def test_evidence_that_is_not_cited_or_not_there_holds_nothing():
    assert find("POOL_SIZE = 40", "E1", "E2") is None
    assert find("POOL_SIZE = 40", "E9") is None


HOSTILE = [
    lambda size: ("a" * size, "a" * (size // 2) + "b"),
    lambda size: ("a " * (size // 2), "aa\u2026" * 9 + "zz"),
    lambda size: ("x y " * (size // 4), "x y \u2026 y x \u2026 x y \u2026 zzzzzz"),
    lambda size: ("|" * size, "|-" * (size // 20)),
    lambda size: ("12: foo bar\n" * (size // 12), "foo bar \u2026 foo bar \u2026 never"),
    lambda size: (" " * size + "x", ". . . . " * (size // 20)),
    lambda size: ("0" * size, "L" * (size // 4) + " " * (size // 4)),
    lambda size: ("a", "\u2026 a" * (size // 4)),
]


@pytest.mark.parametrize("make", HOSTILE, ids=range(8))
def test_the_time_to_find_a_quote_grows_in_proportion(make):
    def search(of_this_length):
        text, quote = make(len(of_this_length))
        assert QuoteFinder({"E1": text}).find(quote, ["E1"]) is None

    assert_grows_in_proportion(search, "x", 50_000)
