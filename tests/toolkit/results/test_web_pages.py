"""A program makes the page of a row from the pattern in an artifact."""

import pytest

from langchain_azure_devops.results import list_page_fields, page_of_row

PATTERN = "https://dev.azure.com/contoso/{project}/_git/{repository}?path={path}&version={version}"


@pytest.mark.parametrize(
    ("row", "page"),
    [
        ({"project": "A b", "repository": "r/s", "path": "/x", "version": "GBmain"},
         "https://dev.azure.com/contoso/A%20b/_git/r%2Fs?path=%2Fx&version=GBmain"),
        ({"project": "A", "repository": "r", "path": None, "version": 0},
         "https://dev.azure.com/contoso/A/_git/r?version=0"),
        ({"project": "A", "repository": "r"}, "https://dev.azure.com/contoso/A/_git/r"),
        ({"project": "A", "repository": None, "path": "/x"}, ""),
    ],
)  # fmt: skip
def test_a_part_of_the_query_without_a_value_is_left_out_and_without_a_path_there_is_no_page(row, page):
    assert page_of_row(PATTERN, row) == page


def test_the_placeholders_of_lines_stay_for_who_knows_the_lines():
    pattern = PATTERN + "&line={line}&lineEnd={end}"
    assert list_page_fields(pattern) == ["project", "repository", "path", "version"]
    assert page_of_row(pattern, {"project": "A", "repository": "r"}).endswith("r?line={line}&lineEnd={end}")
