"""The page of a report in a real browser: hostile texts in every place of it load nothing and run nothing."""

import os
import re
import shutil
import socketserver
import subprocess
import threading
from html.parser import HTMLParser

import pytest

from azure_devops_agents.reports.page import render_page
from azure_devops_evals.attacks.families.rendered_reports import FORMS
from azure_devops_evals.attacks.orders import HOST
from langchain_azure_devops.safety import ContentPolicy, neutralize

REQUIRED = "AZURE_DEVOPS_CLIENTS"
_RUN = "document.documentElement.setAttribute('data-ran', '1')"
SCRIPTS = (
    f"<script>{_RUN}</script>",
    f'<img src="x" onerror="{_RUN}">',
    f'</pre></details></main><svg onload="{_RUN}">',
    f'"><body onload="{_RUN}">',
    f"</style><script>{_RUN}</script><style>",
    f"</title><script>{_RUN}</script>",
    f'<iframe srcdoc="<script>parent.{_RUN}</script>"></iframe>',
    f"[x](javascript:{_RUN})",
    "<details open ontoggle=alert(1)><summary>x</summary></details>",
)
HOSTILE = (*FORMS.values(), *SCRIPTS)
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--virtual-time-budget=2000", "--dump-dom",
)  # fmt: skip


class _Proxy(socketserver.StreamRequestHandler):
    """Notes what a browser asks for, and answers nothing."""

    def handle(self):
        self.server.asked.append(self.rfile.readline().decode("latin-1").strip())
        self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    """Returns the document that a browser makes of a page, and what it asked for on the way."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((found for name in names if (found := shutil.which(name))), None)
    if program is None:
        reason = f"not run: no browser ({', '.join(names)})"
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(f"{reason} ({REQUIRED}=required)", pytrace=False)
        pytest.skip(reason)

    def in_browser(page):
        folder = tmp_path_factory.mktemp("browser")
        file = folder / "page.html"
        file.write_text(page, encoding="utf-8")
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Proxy) as server:
            server.asked = []
            threading.Thread(target=server.serve_forever, daemon=True).start()
            proxy = f"--proxy-server=127.0.0.1:{server.server_address[1]}"
            command = [program, *_OPTIONS, proxy, f"--user-data-dir={folder / 'profile'}", file.as_uri()]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
            server.shutdown()
            return done.stdout, [line for line in server.asked if HOST in line.lower()]

    return in_browser


def report_of(text):
    said = {"statement": text, "evidence": ["E1"], "quote": text, "reasoning": text, "places": {"E1": {"line": text}}}
    return {
        "answer": text,
        "verdict": text,
        **{name: [said] for name in ("observed", "inferred", "hypotheses_rejected", "not_determined")},
        "unverified": [{**said, "section": "observed", "problem": text}],
        "written": [{"evidence": "E1", "what": text, "title": text, "url": text}],
        "coverage": {text: [text]},
        "links": {"E1": {"title": text, "url": text}},
        "timeline": [{"time": "2026-11-28 10:00", "text": text, "evidence": ["E1"], "places": {}}],
        "usage": {"calls": 1, "cost": 0.2, "currency": text},
    }


def page_of(text):
    entry = {"id": "E1", "tool": text, "status": text, "arguments": {text: text}, "untrusted": True, "read": text}
    return render_page(report_of(text), {"E1": entry}, {"E1": text}, text)


def test_a_page_without_protection_would_ask_and_run(show):
    document, asked = show(f"<!doctype html><p>{''.join(HOSTILE[13:20])}{SCRIPTS[0]}<img src='http://{HOST}/x'>")
    assert asked
    assert "data-ran" in document


def test_hostile_texts_load_nothing_and_run_nothing(show):
    pages = [page_of(text) for text in HOSTILE]
    bodies = "\n".join(page.partition("<main>")[2].partition("</main>")[0] for page in pages)
    head = pages[0].partition("<main>")[0]
    assert head.count("Content-Security-Policy") == 1
    document, asked = show(f"{head}<main>{bodies}</main></body></html>")
    assert asked == []
    assert not re.search(r"<html[^>]*data-ran", document)
    assert document.count("<h1>") == len(HOSTILE)


def test_a_page_needs_no_policy_to_be_inert(show):
    """The policy is the second defence: without it, the escaped page loads and runs nothing as well."""
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
    bare = [policy.sub("", page_of(text)) for text in HOSTILE]
    bodies = "\n".join(page.partition("<main>")[2].partition("</main>")[0] for page in bare)
    head = bare[0].partition("<main>")[0]
    document, asked = show(f"{head}<main>{bodies}</main></body></html>")
    assert asked == []
    assert not re.search(r"<html[^>]*data-ran", document)


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.links = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_page_has_only_its_own_tags_and_no_foreign_link(text):
    found = _Tags()
    found.feed(page_of(neutralize(text, ContentPolicy(()))))
    allowed = {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "div", "span", "ul", "ol", "li"),
        *("a", "b", "em", "strong", "code", "pre", "mark", "time", "blockquote", "details", "summary", "footer"),
        *("table", "thead", "tbody", "tr", "th", "td", "hr", "br"),
    }
    assert found.tags <= allowed
    assert all(link.startswith("#") for link in found.links), found.links


def test_a_page_is_whole_by_itself_and_readable_by_everybody():
    page = page_of("x")
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)
    assert page.count("<h1>") == 1
