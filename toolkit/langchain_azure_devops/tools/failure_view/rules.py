"""The rules that tell which lines of a log an expert would look at: data in `rules/*.toml`, one file for each family.

Every rule has an example, which a test matches.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Category = Literal["test", "build", "validation", "infrastructure", "time-out", "permission", "dependency"]
"""The kinds of failures that a log can prove."""


class Inner(BaseModel):
    """Lines below the first line of a message that say more than the others there.

    Attributes:
        pattern: What they match.
        share: How much they count, as a share of the score of the rule.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    pattern: re.Pattern[str]
    share: float = 1.0


class Rule(BaseModel):
    """A kind of line that tells of a failure.

    Attributes:
        name: What is reported, such as `failed test`.
        hints: Texts in lower case, of which each matching line holds one. `^x` stands at the beginning of the line.
        pattern: What the line matches, behind its time stamp and without colours.
        score: How much the line counts, from 0 to 1.
        before: How many lines before it belong to it; they count the less the farther they are.
        after: How many lines behind it belong to it, likewise.
        until: The first of the lines behind it that does not belong to it any more.
        inner: The lines among those behind it that say the most.
        fading: How much less each further line of the same kind counts; 0 for lines that all count the same.
        category: The kind of failure that such a line proves, where it proves one.
        generic: Whether the tool that ran another tool writes it, so that failed tests may be what it tells of.
        example: A line that matches.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    hints: tuple[str, ...] = Field(min_length=1)
    pattern: re.Pattern[str]
    score: float
    before: int = 0
    after: int = 0
    until: re.Pattern[str] | None = None
    inner: tuple[Inner, ...] = ()
    fading: float = 0.45
    category: Category | None = None
    generic: bool = False
    example: str


class Family(BaseModel):
    """The rules for one family of tools.

    Attributes:
        harmless: Lines that only look like a failure, such as `0 errors`; only a sure rule applies to them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: tuple[Rule, ...]
    harmless: tuple[re.Pattern[str], ...] = ()


@cache
def load_families() -> dict[str, Family]:
    """Return the families by their names."""
    folder = files(__package__).joinpath("rules")
    named = {entry.name.removesuffix(".toml"): entry for entry in folder.iterdir() if entry.name.endswith(".toml")}
    return {name: Family.model_validate(tomllib.loads(named[name].read_text("utf-8"))) for name in sorted(named)}
