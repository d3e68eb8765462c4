"""HTML becomes Markdown, and nothing in it acts or hides."""

import pytest

from langchain_azure_devops.text.html import html_to_markdown


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<div>a <b>b</b> and <i>c</i></div>", "a **b** and _c_"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ('<a href="https://x.example/">here</a>', "[here](https://x.example/)"),
        ("a &lt;b&gt; &amp; c", r"a \<b> & c"),
        ("<h2>Steps</h2><p>Go</p>", "## Steps\n\nGo"),
        ("plain < text & more", "plain < text & more"),
    ],
)
def test_html_becomes_markdown(html, expected):
    assert html_to_markdown(html) == expected


@pytest.mark.parametrize(
    "html",
    [
        "<script>steal()</script>kept",
        "<SCRIPT type=x>steal()</SCRIPT >kept",
        "<style>a{background:url(steal())}</style>kept",
        '<div onclick="steal()">kept</div>',
        "<div>kept</div><!-- steal() -->",
    ],
)
def test_what_acts_or_hides_is_left_out(html):
    assert html_to_markdown(html) == "kept"


@pytest.mark.parametrize(
    "html", ["<" * 5000, "<div " * 2000, "<b>" * 3000 + "x", "&#" * 4000, "<a href='" + "x" * 9000]
)
def test_broken_html_is_survived(html):
    assert isinstance(html_to_markdown(html), str)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ('passw<i>ord</i>="x"', 'password="x"'),
        ("p<b></b>a<b></b>ss", "pass"),
        ("Un<b>believ</b>able", "Unbelievable"),
        ("a <b>bold</b> word, <i>one</i>.", "a **bold** word, _one_."),
        ("<b><i>both</i></b>", "**_both_**"),
        ("<b>open", "open"),
    ],
)
def test_emphasis_inside_a_word_or_around_nothing_leaves_no_marks_that_would_hide_a_name(html, markdown):
    assert html_to_markdown(html) == markdown


@pytest.mark.parametrize(
    "text",
    [
        "Use List<String> here",
        "Map<K,V> of Vec<std::string>",
        "Set <Foo bar='1'> and <App Name=\"x\"/> first",
        "<Settings>a</Settings>",
        "give <your name> & go",
        "a <Foo-Bar> b",
        "I<T>",
    ],
)
@pytest.mark.parametrize(
    ("before", "behind"), [("<div>", "</div>"), ("<pre>", "</pre>"), ("<p>a <code>", "</code></p>")]
)
def test_a_text_in_angle_brackets_is_shown_in_its_own_letters(text, before, behind):
    shown = html_to_markdown(f"{before}{text}{behind}")
    assert text in shown.replace("\\<", "<")


def test_the_elements_of_office_programs_are_no_text():
    assert html_to_markdown('<p class="MsoNormal">a<o:p></o:p> <v:shape id="x">b</v:shape></p>') == "a b"


def test_a_text_in_angle_brackets_in_a_table_does_not_end_its_cell():
    assert html_to_markdown("<table><tr><td>List<A|B></td><td>c</td></tr></table>").startswith(r"| List\<A\|B> | c |")
