"""The command that rewrites what is generated on the pages: what it rewrites, and what it leaves alone."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from azure_devops_agents.cli.documents.pages import renewed
from azure_devops_agents.cli.main import group

ROOT = Path(__file__).parents[3]
PAGE = "# Mine\n\n<!-- generated:toolsets -->\nout of date\n<!-- /generated -->\n\nMy words.\n"


def docs(root):
    done = CliRunner().invoke(group, ["docs", "--root", str(root)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout.splitlines()


def test_it_writes_what_is_out_of_date_and_then_nothing(tmp_path):
    (tmp_path / "agents").mkdir()
    page = tmp_path / "README.md"
    page.write_text(PAGE, encoding="utf-8")
    pictures = [tmp_path / "agents" / name for name in ("demo-approval.svg", "demo-report.svg")]
    assert docs(tmp_path) == [f"rewritten: {path}" for path in (page, *pictures)]
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Mine\n")
    assert text.endswith("<!-- /generated -->\n\nMy words.\n")
    assert "`list_projects`" in text
    assert "out of date" not in text
    for picture in pictures:
        assert picture.read_bytes() == (ROOT / "agents" / picture.name).read_bytes()
    assert docs(tmp_path) == []


def test_a_map_of_rooms_says_what_their_docstrings_say_in_the_order_of_the_import_contract():
    page = "<!-- generated:rooms langchain_azure_devops -->\n<!-- /generated -->\n"
    rows = [line.split("`")[1] for line in renewed(ROOT, page).splitlines() if line.startswith("| `")]
    assert rows[:4] == ["adapters/", "access/", "tools/", "calls/"]
    assert rows[-2:] == ["errors.py", "extras.py"]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("nothing", "No section is called 'nothing'"),
        ("rooms", "No section is called 'rooms'"),
        ("rooms no_package", "There is no package no_package"),
    ],
)
def test_a_marker_that_names_nothing_fails(section, words):
    with pytest.raises(LookupError, match=words):
        renewed(ROOT, f"<!-- generated:{section} -->\n<!-- /generated -->\n")


def test_every_marker_stands_on_a_line_of_its_own_so_that_the_command_finds_it():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("*/*.md")]
    lines = [
        line for page in pages for line in page.read_text(encoding="utf-8").splitlines() if "<!-- generated:" in line
    ]
    assert lines
    assert [line for line in lines if not (line.startswith("<!-- generated:") and line.endswith(" -->"))] == []
    assert [line for line in lines if line.count("<!--") > 1] == []
