"""Plain code is not taken for secrets: counted on installed packages that speak of secrets a lot."""

import pytest

from azure_devops_evals.benchmarks.redaction import PACKAGES, digest, packages_folder, reviewed_lines, scan

MOST = 1
"""Wrong lines in 50,000."""


def test_of_50_000_lines_of_packages_at_most_one_is_taken_for_a_secret():
    folders = [folder for name in PACKAGES if (folder := packages_folder() / name).is_dir()]
    found = scan(folders, reviewed_lines())
    print(f"\n{found.lines:,} lines, {found.reviewed} reviewed, {len(found.wrong)} wrong: {found.ratio:.2f} of 50,000")
    assert found.lines > 500_000
    assert found.reviewed > 0
    assert found.ratio <= MOST, found.wrong


def test_a_line_that_is_changed_counts_unless_somebody_has_reviewed_it(tmp_path):
    line = "password = 'Kestrel" + "!474+JPb'"
    (tmp_path / "settings.py").write_text(f"import os\n\n{line}\nname = 'Kestrel'\n")
    found = scan([tmp_path], frozenset())
    assert [(hit.file.split("/")[1], hit.number) for hit in found.wrong] == [("settings.py", 3)]
    assert "Kestrel!" not in str(found)
    assert found.ratio == pytest.approx(12_500)
    again = scan([tmp_path], frozenset({digest(line)}))
    assert (again.reviewed, again.wrong) == (1, [])
