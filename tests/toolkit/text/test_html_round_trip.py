"""A text of HTML that is read as Markdown and written back as Markdown keeps its meaning."""

import html as entities
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from langchain_azure_devops.text.html import html_to_markdown

CONSTRUCTS = [
    ("table", "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>x|y</td></tr></table>",
     "| a | b |\n| --- | --- |\n| 1 | x\\|y |"),
    ("table with lines", "<table><tr><td>a<br>b</td><td><p>c</p></td></tr></table>",
     "| a<br>b |  c  |\n| --- | --- |"),
    ("numbered list", "<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
    ("numbered list that starts later", '<ol start="4"><li>four</li></ol>', "4. four"),
    ("nested list", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n   - b\n\n- c"),
    ("list of paragraphs", "<ul><li><p>a</p></li><li><div>b</div></li></ul>", "- a\n\n- b"),
    ("code block", "<pre><code>if x:\n    y\n\n\n\tz</code></pre>", "```\nif x:\n    y\n\n\n\tz\n```"),
    ("code block in parts", "<pre><span>a</span>\n<span>b</span><br>c</pre>", "```\na\nb\nc\n```"),
    ("code block with tags", "<pre>&lt;host&gt; **x**</pre>", "```\n<host> **x**\n```"),
    ("code", "<code>&lt;host&gt;</code>", "`<host>`"),
    ("link", '<a href="https://x.example/a(b)">here</a>', "[here](https://x.example/a%28b%29)"),
    ("link that shows its address", '<a href="https://x.example/">https://x.example/</a>', "https://x.example/"),
    ("link without words", '<a href="https://x.example/"></a>', "https://x.example/"),
    ("link in bold", '<b><a href="https://x.example/">here</a></b>', "**[here](https://x.example/)**"),
    ("image", '<img src="https://x.example/p.png" alt="a plan">', "![a plan](https://x.example/p.png)"),
    ("image without words", '<img src="https://x.example/p.png">', "![](https://x.example/p.png)"),
    ("image in the text", '<img src="data:image/png;base64,AAAA" alt="dot">', "[image: dot]"),
    ("mention", 'Ask <a href="#" data-vss-mention="version:2.0,1">@Dana Ortiz</a>.', "Ask @Dana Ortiz."),
    ("line breaks", "a<br>b<br/>c", "a\nb\nc"),
    ("paragraphs", "<p>a</p><p>b</p>", "a\n\nb"),
    ("angle brackets", "<div>ssh &lt;user&gt;@&lt;host&gt; and 1 &lt; 2</div>", r"ssh \<user>@\<host> and 1 < 2"),
    ("unknown element", "<div>ssh <host></div>", r"ssh \<host>"),
    ("entities", "<div>a &amp;lt; b &amp; c&nbsp;d &quot;e&quot;</div>", '&amp;lt; b & c d "e"'),
    ("stars", "<div>a *b* 2 * 3 = 6</div>", r"a \*b\* 2 * 3 = 6"),
    ("struck out", "<s>gone</s> kept", "~~gone~~ kept"),
    ("rule", "a<hr>b", "a\n\n---\n\nb"),
]  # fmt: skip


@pytest.mark.parametrize(("html", "markdown"), [(row[1], row[2]) for row in CONSTRUCTS], ids=[r[0] for r in CONSTRUCTS])
def test_a_construct_of_html_is_the_same_construct_of_markdown(html, markdown):
    found = html_to_markdown(html)
    assert markdown in found if markdown.startswith("&amp;") else found == markdown


def seen(markdown):
    """The text that a reader of rendered Markdown sees, as far as plain paragraphs go."""
    plain = re.sub(r"\\([<*\\])", r"\1", markdown)
    plain = re.sub(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[a-zA-Z]\w*);", lambda found: entities.unescape(found[0]), plain)
    return re.sub(r"\s+", " ", plain).strip()


TEXTS = st.text(st.sampled_from(list("ab 12<>&;*/!?#x=lt")), max_size=30)


@given(TEXTS)
def test_a_plain_text_is_seen_as_it_was_written(text):
    found = html_to_markdown(f"<div>{entities.escape(text)}</div>")
    assert seen(found) == re.sub(r"\s+", " ", text).strip()
    # Nothing in it is a tag or an entity for a reader of Markdown.
    assert not re.search(r"(?<!\\)<[a-zA-Z/!?]", found)


@given(st.lists(st.lists(st.text(st.sampled_from(list("ab|12 ")), max_size=6), min_size=2, max_size=2), max_size=4))
def test_a_table_keeps_its_cells(rows):
    cells = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    lines = [line for line in html_to_markdown(f"<table>{cells}</table>").split("\n") if line]
    shown = [
        [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for at, line in enumerate(lines)
        if at != 1
    ]
    assert shown == [[re.sub(" +", " ", cell).strip() for cell in row] for row in rows]


@given(st.text(st.sampled_from(list("a b\n\t<*`")), min_size=1, max_size=40))
def test_a_code_block_keeps_every_character_in_it(text):
    code = text.strip("\n")
    found = html_to_markdown(f"<pre>{entities.escape(code)}</pre>")
    assert found.removeprefix("```\n").removesuffix("\n```") == code or not code.strip()
