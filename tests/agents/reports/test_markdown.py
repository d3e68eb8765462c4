"""The Markdown of a report: one order, tables stay tables, and no text passes for a section or a tag."""

import io

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from azure_devops_agents.cli.report_view import show_report
from azure_devops_agents.investigation.spending import Spending, load_prices
from azure_devops_agents.reports.markdown import render_markdown
from azure_devops_agents.reports.outline import describe_usage
from azure_devops_agents.reports.page import render_page

FILE = "https://dev.azure.com/tidewater/Platform/_git/platform-api?path=%2Fdeploy%2Fci.env&version=GBmain"
BUILD = "https://dev.azure.com/tidewater/Platform/_build/results?buildId=35"
REPORT = {
    "answer": "Build 35 fails.\n\n| build | result |\n|---|---|\n| 35 | failed |",
    "verdict": "incident",
    "observed": [
        {
            "statement": "Build 35 failed.",
            "evidence": ["E3"],
            "quote": "Run unit tests\tfailed",
            "places": {"E3": {"line": "line 12", "url": f"{BUILD}&view=logs&l=12"}},
        }
    ],
    "inferred": [
        {"statement": "The name is old.", "evidence": ["E7"], "quote": "DB_TIMEOUT=", "reasoning": "the code reads on"}
    ],
    "hypotheses_rejected": [{"statement": "The agent was lost.", "evidence": ["E3"], "quote": "Run unit tests"}],
    "not_determined": [{"statement": "Who set the value first.", "evidence": [], "quote": ""}],
    "unverified": [{"statement": "Build 17 was green.", "evidence": ["E9"], "quote": "x", "section": "observed"}],
    "written": [{"evidence": "E8", "what": "bug 59", "title": "platform-api-ci fails", "url": "https://dev.azure.com/tidewater/_workitems/edit/59"}],
    "coverage": {"denied": ["E5 list_tags: [denied ScopeMissing vso.code]"], "limits": ["60 tool calls"]},
    "links": {
        "E3": {"title": "build 35", "url": BUILD},
        "E5": {"title": "list_tags", "url": ""},
        "E7": {"title": "/deploy/ci.env", "url": FILE},
        "E8": {"title": "bug 59", "url": "https://dev.azure.com/tidewater/_workitems/edit/59"},
    },
    "timeline": [{"time": "2026-11-26 08:14", "text": "Build 35 failed.", "evidence": ["E3"]}],
    "usage": {"calls": 12, "tokens": 38120, "seconds": 101.2, "cost": 0.0312, "currency": "USD"},
}  # fmt: skip


def page(report):
    return MarkdownIt("commonmark").enable("table").render(render_markdown(report))


def test_the_sections_stand_in_the_order_in_which_people_read():
    text = render_markdown(REPORT)
    titles = [line.removeprefix("## ") for line in text.split("\n") if line.startswith("## ")]
    assert titles == [
        "Time line",
        "Observed",
        "Inferred",
        "Hypotheses rejected",
        "Not determined",
        "Not verified",
        "Written",
        "Not covered",
        "Sources",
    ]
    assert text.startswith("**Incident**\n\nBuild 35 fails.")
    assert text.rstrip().endswith("*12 tool calls · 38,120 tokens · 1 min 41 s · 0.0312 USD*")


def test_estimated_tokens_are_called_so():
    assert "about 38,120 tokens" in render_markdown({**REPORT, "usage": {"tokens": 38120, "estimated": True}})


def test_a_table_in_the_answer_is_a_table():
    assert page(REPORT).count("<table>") == 2  # the answer's and the time line


def test_every_citation_and_every_write_is_a_link():
    text = render_markdown(REPORT)
    assert f"([E3, line 12]({BUILD}&view=logs&l=12))" in text
    assert f"([E7]({FILE}))" in text
    assert "- **bug 59**: platform-api-ci fails ([E8](https://dev.azure.com/tidewater/_workitems/edit/59))" in text
    assert "  - Reasoning: the code reads on" in text


HOSTILE = [
    "# Written",
    "## Written\n- bug 1",
    "Written\n=====",
    "Written\n---",
    "<pre>",
    "<!-- ",
    "```\nopen",
    "~~~~ x\n```",
    "- x\n  ```\n## Written\n- **Bug 59**: done <img src=x>",
    "- x\n\n      ~~~\n<script>\n~~~\n<b>",
    "- ```\n## Written\n<b>",
    "> ```\n## Written",
    "> ~~~\n> # Written",
    "> ## Written",
    "- ## Written\n- bug 1",
    "1. # Written",
    "> - 2) # Written",
    "- Written\n  ---",
    "> Written\n> ===",
    "Written\n-",
    "- #",
    "x\r## Written\r```",
    "```\n``` \u00a0\nx",
    "\\`<img src=x>`",
    "\\\\`a`<img src=x>`",
    "``a` <img src=x>",
    "a `\n`<img src=x>`",
    "| ` | x ` `<img src=x>` |\n|---|---|\n| ` | x ` `<img src=x>` |",
    "- <pre>\n\n> <!-- x",
    "```<b>~~~``` x",
    "#",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["answer", "statement"])
def test_no_text_passes_for_a_section_or_hides_the_next_one(text, field):
    usual = page({**REPORT, "answer": "x", "observed": [{**REPORT["observed"][0], "statement": "x"}]})
    changed = {"answer": text} if field == "answer" else {"observed": [{**REPORT["observed"][0], "statement": text}]}
    shown = page({**REPORT, "answer": "x", **changed})
    assert shown.count("<h2>") == usual.count("<h2>")
    assert "<h1>" not in shown
    assert "<pre>" not in shown.replace("<pre><code", "")
    assert "<img" not in shown
    assert "<script" not in shown
    assert shown.count("<b>") == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Run `a <b>` and ``c`<d>``.", "<code>a &lt;b&gt;</code> and <code>c`&lt;d&gt;</code>"),
        ("1. Run:\n\n   ```sh\n   x <y>\n     z\n   ```\n2. Wait.", "x &lt;y&gt;\n  z\n</code></pre>"),
        ("```\n# a <b>\n    ```\n```\nx", "# a &lt;b&gt;\n    ```\n</code></pre>"),
        ("> - ## A title ##", "<strong>A title</strong>"),
    ],
)
def test_code_and_emphasis_of_an_answer_stay(text, shown):
    assert shown in page({**REPORT, "answer": text})


@pytest.mark.parametrize(
    "title", ["a\\](https://evil.example)[", "a\\\\](https://evil.example)", "`\\](https://evil.example)"]
)
def test_a_title_does_not_end_its_link(title):
    shown = page({**REPORT, "links": {**REPORT["links"], "E3": {"title": title, "url": BUILD}}})
    assert 'href="https://evil.example' not in shown
    assert shown.count(f'href="{BUILD}"') == page(REPORT).count(f'href="{BUILD}"')


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://a.example/)](x", "https://a.example/ x", "data:x"])
def test_only_a_web_address_becomes_a_link(url):
    report = {**REPORT, "links": {"E7": {"title": "x", "url": url}}}
    assert url not in render_markdown(report)


def test_a_cost_has_the_currency_of_the_prices_and_no_other(tmp_path):
    path, used = tmp_path / "prices.toml", {"calls": 1, "cost": 0.25}
    path.write_text('currency = "EUR"\n[small]\ninput = 1\noutput = 2\n', encoding="utf-8")
    spending = Spending(prices=load_prices(path))
    assert describe_usage({**used, "currency": spending.currency("small")}) == "1 tool call · 0.25 EUR"
    assert describe_usage({**used, "currency": spending.currency("other")}) == "1 tool call · cost 0.25"


def test_a_time_that_was_removed_does_not_keep_the_page_from_being_written():
    times = ("2026-11-26 08:14", "[secret removed]", "2026-11-26 12:14")
    timeline = [
        {"time": time, "text": f"Build {number} failed.", "evidence": ["E3"]} for number, time in enumerate(times)
    ]
    shown = render_page({**REPORT, "timeline": timeline}, {}, {}, "What happened?")
    assert all(f"Build {number} failed." in shown for number in range(3))


ROWS = (
    "  35\tRun unit tests\tfailed\n  ```36\tRun unit tests\tsucceeded\n\n    + DB_TIMEOUT: 30\u2028  ## Not a section"
)


def show_in_terminal(report):
    console = Console(record=True, force_terminal=True, width=100, file=io.StringIO())
    show_report(console, report)
    return console.export_text()


def test_each_row_of_a_quote_stands_on_a_line_of_its_own_in_every_form():
    report = {**REPORT, "observed": [{"statement": "It failed once.", "evidence": ["E3"], "quote": ROWS}]}
    rows = ["35  Run unit tests  failed", "```36  Run unit tests  succeeded", "  + DB_TIMEOUT: 30", "## Not a section"]
    text = page(report)
    assert "<pre><code>" + "\n".join(rows) in text
    assert "<h2>Inferred</h2>" in text
    assert "\n".join(rows) in render_page(report, {}, {})
    shown = [line.strip() for line in show_in_terminal(report).split("\n")]
    assert shown[shown.index("“35  Run unit tests  failed") + 1] == "```36  Run unit tests  succeeded"


def test_a_quote_is_shown_unless_the_statement_holds_its_cells_literally():
    statement = "The module of pull request 2 sets publicNetworkAccess to Disabled."
    changed = {"statement": statement, "evidence": ["E3"], "quote": "+    publicNetworkAccess: 'Disabled'"}
    assert "+    publicNetworkAccess: 'Disabled'" in render_markdown({**REPORT, "observed": [changed]})
    told = {"statement": "name: Run unit tests, requested for: Mina, result: failed", "evidence": ["E3"]}
    row = {**told, "quote": "Run unit tests\t\trequested_for: Mina\tfailed"}
    assert "requested_for" not in render_markdown({**REPORT, "observed": [row]})


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Tom Becker wrote it.** He merged it", "Tom Becker wrote it. He merged it"),
        ("Who should fix it:** Tom Becker", "Who should fix it: Tom Becker"),
        ("_Since_ **main** is `a ** b` red", "Since main is `a ** b` red"),
        ("*It failed* after my_file__name and 2 * 3 = 6", "It failed after my_file__name and 2 * 3 = 6"),
    ],
)
def test_a_sentence_of_the_answer_is_listed_without_halves_of_emphasis(sentence, shown):
    report = {**REPORT, "answer_unverified": [{"statement": sentence, "problem": "the quote does not contain 16"}]}
    assert f"## Not verified in the answer\n\n- {shown}\n" in render_markdown(report)
    assert shown.replace("`", "") in show_in_terminal(report)
