"""What is known of the service from its published description and recorded answers, as data of our own.

The folders beside this module hold facts with invented values: `operations.tsv` lists the operations; `schemas/` says
what the answers of an area are made of; `answers/` holds answers that show every member, kind of value, absent member
and form of a date that was seen; `errors.json` holds the refusals. `test_agreement.py` compares all of it with the
published files, where a checkout of them is at hand, and writes it anew.
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
TABLE = FOLDER / "operations.tsv"
ERRORS = FOLDER / "errors.json"
SCHEMAS = FOLDER / "schemas"
ANSWERS = FOLDER / "answers"


@dataclass(frozen=True)
class Row:
    """An operation of the service.

    `path` begins with `_apis`, with `*` for a parameter; `query` names the parameters that tell it from others at
    the same path; `shown` are the statuses of its examples where they differ from the declared ones.
    """

    area: str
    release: str
    name: str
    method: str
    path: str
    query: tuple[str, ...]
    version: str
    scopes: tuple[str, ...]
    shown: tuple[str, ...]

    def line(self) -> list[str]:
        return [cell if isinstance(cell, str) else " ".join(cell) for cell in astuple(self)]

    @classmethod
    def of(cls, line: Mapping[str, str]) -> "Row":
        lists = {"query", "scopes", "shown"}
        return cls(**{name: tuple(cell.split()) if name in lists else cell for name, cell in line.items()})


COLUMNS = tuple(field.name for field in fields(Row))


@cache
def rows() -> tuple[Row, ...]:
    """Every operation of the releases 7.1 and 7.2."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(Row.of(line) for line in csv.DictReader(file, dialect="excel-tab"))


@cache
def schemas(area: str) -> Mapping[str, Any]:
    """What the answers of an area are (`answers`, by operation and status), and its types (`types`)."""
    return yaml.load((SCHEMAS / f"{area}.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)


def areas() -> list[str]:
    """The areas that the simulator has operations of."""
    return sorted(path.stem for path in SCHEMAS.glob("*.yaml"))


@cache
def answers() -> Mapping[str, list[Any]]:
    """The bodies of answers, by the path behind `_apis/`."""
    found: dict[str, list[Any]] = {}
    for path in sorted(ANSWERS.glob("*.json")):
        found |= json.loads(path.read_text("utf-8"))
    return found


@cache
def errors() -> list[Mapping[str, Any]]:
    """The refusals: what was asked, and the status, headers and body of the answer."""
    return json.loads(ERRORS.read_text("utf-8"))
