"""Measure how often plain code is taken for a secret, and what it costs to look for secrets.

The code is that of the installed packages. Lines of it that have the form of a secret were reviewed when the rules were
written, by their authors and not by an independent person; their digests stand in `reviewed_lines.txt`. Every other hit
counts as wrong.
"""

import hashlib
import random
import statistics
import sysconfig
import time
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from azure_devops_evals.benchmarks.budgets import Measurement
from azure_devops_evals.benchmarks.service import Stub
from langchain_azure_devops.text import redact

LINES = 50_000
"""Wrong hits are counted for this many lines."""
ENDINGS = frozenset(".c .cfg .h .js .json .md .py .pyi .rst .toml .ts .txt .xsd .yaml .yml".split())  # noqa: SIM905 - shorter
PACKAGES = (  # noqa: SIM905 - shorter
    "anthropic cryptography dulwich google httpcore httpx jwt langchain langchain_core langgraph langsmith mcp msrest "
    "oauthlib pydantic pygments requests requests_oauthlib starlette urllib3 uvicorn"
).split()
"""Packages that speak of secrets a lot, for a test that looks at a part."""
_LARGEST = 6_000_000
_KEY = b"benchmark"
_TIMES = 5


class WrongHit(NamedTuple):
    """A line that was changed although nothing in it is secret, as far as a person has seen."""

    file: str
    number: int
    digest: str
    shown: str


class Scan(NamedTuple):
    """What was looked at, and what was wrong."""

    lines: int
    reviewed: int
    wrong: list[WrongHit]

    @property
    def ratio(self) -> float:
        """Return the wrong lines for each 50,000 lines."""
        return len(self.wrong) * LINES / max(1, self.lines)


def packages_folder() -> Path:
    """Return where the packages of this environment are."""
    return Path(sysconfig.get_paths()["purelib"])


def scan(paths: Iterable[Path], reviewed: frozenset[str]) -> Scan:
    """Redact each text file below the paths, and compare it line by line."""
    lines, known, wrong = 0, 0, []
    for path in sorted(file for below in paths for file in below.rglob("*")):
        if path.suffix not in ENDINGS or not path.is_file() or path.stat().st_size > _LARGEST:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        lines += text.count("\n")
        shown = redact(text, _KEY)
        if shown is text:
            continue
        hits = list(_changed_lines(path, text, shown))
        wrong += [hit for hit in hits if hit.digest not in reviewed]
        known += sum(hit.digest in reviewed for hit in hits)
    return Scan(lines, known, wrong)


def _changed_lines(path: Path, text: str, shown: str) -> Iterator[WrongHit]:
    """Yield the lines that are no longer there; one pseudonym may take the place of several lines."""
    left = frozenset(shown.splitlines())
    for number, line in enumerate(text.splitlines(), 1):
        if line not in left:
            yield WrongHit(f"{path.parent.name}/{path.name}", number, digest(line), redact(line.strip(), _KEY)[:100])


def digest(line: str) -> str:
    """Return the digest of a line, which says nothing about what is secret in it."""
    return hashlib.sha256(line.strip().encode()).hexdigest()[:16]


@cache
def reviewed_lines() -> frozenset[str]:
    """Return the digests of the lines in which a person has seen what has the form of a secret."""
    text = (files("azure_devops_evals.benchmarks") / "reviewed_lines.txt").read_text(encoding="utf-8")
    return frozenset(line.split()[0] for line in text.splitlines() if line and not line.startswith("#"))


def redaction(_stub: Stub) -> Iterator[Measurement]:
    """Look for secrets in all installed packages, and in a megabyte of prose, of a log and of code."""
    found = scan([packages_folder()], reviewed_lines())
    wrong = "; ".join(f"{hit.file}:{hit.number} {hit.shown}" for hit in found.wrong[:10])
    detail = (
        f"{found.lines:,} lines, {found.reviewed} with what has the form of a secret, {len(found.wrong)} wrong {wrong}"
    )
    yield Measurement("wrong-hits", found.ratio, "", detail)
    for name, text in _texts().items():
        seconds = [_seconds(text) for _ in range(_TIMES)]
        yield Measurement("redaction-time", statistics.median(seconds) * 1000, name)


def _seconds(text: str) -> float:
    started = time.process_time()
    redact(text, _KEY)
    return time.process_time() - started


def _texts() -> dict[str, str]:
    """Return a megabyte of each kind of text."""
    r = random.Random(20261128)  # noqa: S311 - made-up data
    words = (
        "build failed service connection expired harbour crane berth release branch policy retry deploy review token"
    )
    prose = " ".join(r.choices(words.split(), k=160_000))
    log = "\n".join(
        f"2026-11-20T09:30:05.1234567Z {' '.join(r.choices(words.split(), k=8))} sha256:{r.randbytes(32).hex()}"
        for _ in range(7_000)
    )
    code = "".join(
        file.read_text(encoding="utf-8", errors="replace")
        for file in sorted((packages_folder() / "httpx").rglob("*.py"))
    )
    return {"prose": prose[:1_000_000], "log": log[:1_000_000], "code": (code * 4)[:1_000_000]}
