"""A record is read by the service's names: a member that only shares its name with a field of ours is not read."""

import json
from collections.abc import Iterator

import httpx
import pytest
from pydantic import AliasChoices, AliasPath, TypeAdapter, ValidationError

from langchain_azure_devops import TOOLS, Result
from langchain_azure_devops.http.responses import decode

STRANGE = [{"strange": 1}, "strange", 7, ["strange"], True]
SAMPLES = (1, "text", "2026-11-02T09:00:00Z", [], {}, False, [1])


def records(kind: type[Result] = Result) -> Iterator[type[Result]]:
    assert TOOLS  # the import of the tools has made the classes
    for each in kind.__subclasses__():
        if each.__module__.startswith("langchain_azure_devops.") and not each.__pydantic_generic_metadata__["args"]:
            yield each
        yield from records(each)


def paths(model: type[Result], name: str) -> list[tuple[str | int, ...]]:
    """The members of an answer that a field is read from."""
    alias = model.model_fields[name].validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias or name]
    return [tuple(each.path) if isinstance(each, AliasPath) else (each,) for each in choices]


def smallest_answer(model: type[Result]) -> dict:
    """An answer with no more than what the record must have."""
    adapter, body = TypeAdapter(model), {}
    for _ in range(100):
        try:
            adapter.validate_json(json.dumps(body), by_alias=True, by_name=False)
        except ValidationError as error:
            first = error.errors()[0]
            *outer, last = first["loc"]
            place = body
            for name in outer:
                place = place.setdefault(name, {})
            if first["type"] == "literal_error":
                place[last] = first["ctx"]["expected"].split("'")[1]
            else:
                place[last] = SAMPLES[SAMPLES.index(place[last]) + 1 if last in place else 0]
        else:
            return body
    raise AssertionError(f"no answer fits {model.__name__}")


def read(model: type[Result], body: dict) -> Result:
    return decode(httpx.Response(200, content=json.dumps(body)), model)


@pytest.mark.parametrize("model", sorted(set(records()), key=lambda each: f"{each.__module__}.{each.__qualname__}"))
def test_a_member_with_the_name_of_a_field_of_ours_means_something_else(model):
    body = smallest_answer(model)
    plain = read(model, body)
    for name in model.model_fields:
        if any((name,) in paths(model, other) for other in model.model_fields):
            # This or another field is read from the whole member.
            continue
        # What another field is read from stays.
        strange = [{"strange": 1, **body[name]}] if name in body else STRANGE
        for value in strange:
            assert read(model, {**body, name: value}) == plain, name
