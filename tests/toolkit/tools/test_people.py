"""Names of people in results."""

import pytest
from pydantic import AliasPath, Field

from langchain_azure_devops.results.models import Result
from langchain_azure_devops.tools.people import NamedPerson


class _Row(Result):
    by: NamedPerson = Field(default=None, validation_alias=AliasPath("author"))


@pytest.mark.parametrize(
    ("author", "shown"),
    [
        ({"displayName": "Mia", "uniqueName": "mia@contoso.example", "id": "1"}, "Mia <mia@contoso.example>"),
        ({"displayName": "Mia", "uniqueName": "mia.other@contoso.example"}, "Mia <mia.other@contoso.example>"),
        ({"displayName": "Build Service", "uniqueName": None}, "Build Service"),
        ({"displayName": "", "uniqueName": "mia@contoso.example"}, "mia@contoso.example"),
        ({"displayName": "mia@contoso.example", "uniqueName": "mia@contoso.example"}, "mia@contoso.example"),
        ({"id": "0123"}, "0123"),
        ({}, None),
        ("Mia <mia@contoso.example>", "Mia <mia@contoso.example>"),
        (None, None),
    ],
)
def test_a_person_is_shown_with_the_unique_name(author: object, shown: str | None) -> None:
    assert _Row.model_validate({"author": author}).by == shown


def test_people_with_the_same_display_name_are_told_apart() -> None:
    people = [{"displayName": "Alex Kim", "uniqueName": f"alex{n}@contoso.example"} for n in (1, 2)]
    assert len({_Row.model_validate({"author": person}).by for person in people}) == 2


def test_a_row_without_the_person_has_none() -> None:
    assert _Row.model_validate({}).by is None
