"""Make recordings from the simulator, or from the live organization that the environment variables name."""

import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from azure_devops_evals.case import Case
from azure_devops_evals.recording.difference import differences
from azure_devops_evals.recording.format import (
    FORMS,
    Exchange,
    Provenance,
    Recording,
    RecordingTransport,
    RequestKey,
    Scrubber,
)
from azure_devops_evals.running.leak_scan import Unclean, findings
from azure_devops_evals.running.play import Environment, open_world, play
from azure_devops_evals.running.run import failures_of
from azure_devops_evals.world.world import BASE_URL, ORGANIZATION
from azure_devops_simulator.state.clock import SEED_NOW
from azure_devops_simulator.state.values import timestamp
from langchain_azure_devops.http import API_VERSION, open_network
from langchain_azure_devops.settings import load_settings


class NotRecorded(Exception):
    """A solution of a case does not pass, so it is not recorded."""


def record(case: Case) -> Recording:
    """Play every solution of a case against a fresh organization and keep the requests and answers.

    Raises:
        NotRecorded: A solution does not pass; a recording of it would prove nothing.
    """
    environment = open_world(case)
    transport = RecordingTransport(environment.transport, Scrubber(BASE_URL))
    for steps in (case.steps, *case.routes):
        if failures := failures_of(case, play(case, replace(environment, transport=transport), steps)):
            raise NotRecorded(f"{case.id} does not pass and was not recorded: {'; '.join(failures)}")
    provenance = Provenance(timestamp(SEED_NOW), "simulator", API_VERSION, ORGANIZATION, environment.digest())
    return Recording(provenance, transport.taken())


def record_live(case: Case) -> Recording:
    """Play the solutions of a case against the organization of the environment variables, which is only read.

    The checks are not applied: they expect the simulated organization. Secrets and mail addresses are replaced by
    pseudonyms under a key that is forgotten afterwards; names, titles and code are kept.
    """
    settings = load_settings()
    base_url = settings.url("core")
    scrubber = Scrubber(base_url, key=secrets.token_bytes(16), people=True)
    transport = RecordingTransport(open_network(base_url), scrubber)
    for steps in (case.steps, *case.routes):
        play(case, Environment(settings, transport), steps, read_only=True)
    now = timestamp(datetime.now(UTC).replace(microsecond=0))
    return Recording(Provenance(now, "live", API_VERSION, settings.organization), transport.taken())


def write(case: Case, recording: Recording, folder: Path) -> Path:
    """Store the recording of a case.

    Raises:
        Unclean: The recording holds what must not be committed, and was not stored.
    """
    text = recording.text()
    if found := list(findings(text)):
        raise Unclean(f"{case.id} was not recorded, it holds {'; '.join(found[:5])}.")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{case.id}.json"
    path.write_text(text, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Refreshed:
    """A recording that was made again.

    Attributes:
        made: The new recording.
        changes: The differences, one line each; empty when every answer is the same.
        moved: Whether it was made from another world, even if the answers are the same.
    """

    made: Recording
    changes: tuple[str, ...]
    moved: bool


def refresh(case: Case, folder: Path) -> Refreshed:
    """Make the recording of a case again from the simulator, and compare it with the stored one.

    Raises:
        NotRecorded: A solution does not pass.
    """
    made = record(case)
    path = folder / f"{case.id}.json"
    if not path.exists():
        return Refreshed(made, (f"new, {len(made.exchanges)} exchanges",), moved=True)
    kept = Recording.load(path)
    changes = tuple(_changes(kept.exchanges, made.exchanges))
    return Refreshed(made, changes, kept.provenance != made.provenance)


def _changes(before: Sequence[Exchange], after: Sequence[Exchange]) -> Iterator[str]:
    """Describe the differences request by request; repeated requests are distinguished by their number."""
    old, new = _numbered(before), _numbered(after)
    for key in dict.fromkeys((*old, *new)):
        line = str(key[0]) + (f" (answer {key[1]})" if key[1] > 1 else "")
        if key not in new:
            yield f"- {line}"
        elif key not in old:
            yield f"+ {line}"
        else:
            yield from (f"~ {line}: {difference}" for difference in differences(old[key], new[key]))


def _numbered(exchanges: Sequence[Exchange]) -> dict[tuple[RequestKey, int], dict[str, JsonValue]]:
    numbers: Counter[RequestKey] = Counter()
    found: dict[tuple[RequestKey, int], dict[str, JsonValue]] = {}
    for exchange in exchanges:
        numbers[exchange.key] += 1
        answer = {name: value for name, value in exchange.as_json().items() if name in {"status", "headers", *FORMS}}
        found[exchange.key, numbers[exchange.key]] = answer
    return found
