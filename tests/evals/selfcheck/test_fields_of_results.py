"""The check of reports knows which record a result is about, for every model of a result that has a page of its own."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from azure_devops_agents.reports.knowledge import own_ids
from azure_devops_agents.reports.units import KINDS, Source
from azure_devops_evals.cases.root_causes import changes, kinds
from azure_devops_evals.selfcheck.support import measure_support
from langchain_azure_devops.results import PartialResult, Result, render
from langchain_azure_devops.tools import TOOLS
from langchain_azure_devops.tools.diagnosis.models import BuildComparison, Diagnosis


def subclasses(kind: type[Result]) -> Iterator[type[Result]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def addressed(kind: type[Result]) -> list[str]:
    """Return the fields in the address of a record's page that hold the id of a build or the number of a log."""
    named = [name for name in re.findall(r"\{(\w+)\}", kind.web) if name in kind.model_fields]
    return [name for name in named if name.replace("_", " ") in KINDS and int in every(kind, name)]


def every(kind: type[Result], name: str) -> tuple[object, ...]:
    annotation = kind.model_fields[name].annotation
    return (annotation, *get_args(annotation))


def numbered(kind: type[Result]) -> tuple[Result, dict[str, int]]:
    """Return a record in which each number is another one, and these numbers by their fields."""
    numbers, values = count(101), dict[str, object]()
    for name, field in kind.model_fields.items():
        if int in every(kind, name):
            values[name] = next(numbers)
        elif get_origin(field.annotation) is Literal:
            values[name] = get_args(field.annotation)[0]
        elif field.is_required():
            values[name] = "x" if str in every(kind, name) else None
    made = kind.model_construct(**values)
    return made, {name: value for name, value in values.items() if isinstance(value, int)}


def tool_of(kind: type[Result]) -> str:
    """Return the tool that answers with a model, or with one that is made of it."""
    answers = {name: get_type_hints(tool.function)["return"] for name, tool in TOOLS.items()}
    return next(
        name for name, answer in answers.items()
        if any(isinstance(one, type) and issubclass(one, kind) for one in (answer, *get_args(answer)))
    )  # fmt: skip


MODELS = [
    kind for kind in dict.fromkeys(subclasses(Result) if TOOLS else ())  # The tools define the models.
    if addressed(kind) and "id" not in kind.model_fields and issubclass(kind, PartialResult)
]  # fmt: skip


def test_the_results_about_builds_are_among_them():
    assert {BuildComparison, Diagnosis} <= set(MODELS)


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_a_result_is_about_the_record_of_its_page_and_about_no_other_that_it_names(kind):
    record, numbers = numbered(kind)
    source = Source("E1", render(record, "0" * 8).text, tool_of(kind))
    [read] = [unit for unit in source.units if unit.is_record]
    wanted = {(KINDS[name.replace("_", " ")], numbers[name]) for name in addressed(kind)}
    assert {one for one in own_ids(read, source.noun) if one[0] in {kind for kind, _ in wanted}} == wanted


@pytest.mark.timeout(600)
def test_the_measure_holds_for_the_cases_about_diagnoses_alone():
    measured = measure_support([*changes.CASES, *kinds.CASES], jobs=1)
    assert measured.holds, "\n".join(measured.lines())
    assert measured.errors.of > 120
    assert measured.cells.of > 20
