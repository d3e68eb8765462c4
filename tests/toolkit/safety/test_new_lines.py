"""The parts of a long text that are read again: lines that no earlier reading has, and the lines around them."""

from langchain_azure_devops.safety.new_lines import NewLines


def test_the_second_reading_of_a_long_text_has_its_new_lines_and_those_around_them():
    lines = [f"line {number}" for number in range(10_000)]
    new, text = NewLines(), "\n".join(lines)
    assert new.choose(text) == text
    assert new.choose(text) == ""
    changed = [*lines]
    changed[5_000], changed[9_999] = "another", "the last"
    chosen = new.choose("\n".join(changed)).split("\n\n")
    assert [part.split("\n") for part in chosen] == [changed[4_988:5_014], changed[9_987:]]
    assert new.choose("\n".join([*lines[:70], *lines[71:]])).split("\n") == [*lines[58:70], *lines[71:84]], (
        "lines that come together are new"
    )
    assert NewLines().choose("short") == "short"


def test_a_long_line_is_divided_into_its_words():
    words = [f"word{number} " for number in range(10_000)]
    new = NewLines()
    new.choose("".join(words))
    changed = [*words]
    changed[5_000] = "another "
    assert new.choose("".join(changed)) == "".join(changed[4_960:5_042])


def test_a_text_of_fewer_than_50000_characters_is_always_read_whole():
    for size, again in ((49_999, "x\n" * 24_999 + "x"), (50_000, "")):
        new, text = NewLines(), ("x\n" * 25_000)[:size]
        assert (new.choose(text), new.choose(text)) == (text, again)


def test_a_line_of_more_than_2000_characters_is_divided():
    rest = [f"line {number}" for number in range(10_000)]
    for size, last in ((2_000, "line 12"), (2_001, "line ")):
        new = NewLines()
        new.choose("\n".join(["x" * size, *rest]))
        chosen = new.choose("\n".join(["y" * size, *rest])).split("\n")
        assert (chosen[:2], chosen[-1]) == (["y" * size, "line 0"], last)


def test_very_many_new_lines_do_not_move_the_others():
    lines = [f"line {number}" for number in range(10_000)]
    new = NewLines()
    new.choose("\n".join(lines))
    lines[1_000:1_100] = [f"other {number}" for number in range(100)]
    lines[9_000] = "another"
    chosen = new.choose("\n".join(lines)).split("\n\n")
    assert [part.split("\n") for part in chosen] == [lines[988:1_113], lines[8_988:9_014]]
