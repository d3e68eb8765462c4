"""The form in which the seed describes a work item."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Row:
    """A work item. People are named by display name. `parent` counts rows back (1 is the row above, 0 means no parent).

    `first_sprint` is the sprint before `sprint`, from which the item was moved; 0 when it was in no other. `remaining`
    are the hours of work that are left.
    `text` is HTML, or Markdown if `markdown` says so. For a bug it is the repro steps.
    `comments` are pairs of user and text; `links` are numbers of pull requests.
    """

    type: str
    title: str
    state: str
    created: str
    by: str
    to: str = ""
    area: str = ""
    sprint: int = 0
    first_sprint: int = 0
    parent: str = ""
    tags: str = ""
    text: str = ""
    markdown: bool = False
    criteria: str = ""
    priority: int = 2
    severity: Literal["", "1 - Critical", "2 - High", "3 - Medium", "4 - Low"] = ""
    points: float = 0
    remaining: float = 0
    comments: tuple[tuple[str, str], ...] = ()
    pull_requests: tuple[int, ...] = ()
    related: tuple[str, ...] = field(default=())
