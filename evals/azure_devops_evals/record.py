"""Make recordings: from the simulator, or from a live organization that the environment names."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from azure_devops_evals.case import Case
from azure_devops_evals.playing import Place, play, world_of
from azure_devops_evals.recording import Provenance, Recording, RecordingTransport, Scrubber
from azure_devops_evals.run import failed
from azure_devops_evals.world import BASE_URL, ORGANIZATION
from azure_devops_simulator.organization import SEED_NOW, timestamp
from langchain_azure_devops.network import network
from langchain_azure_devops.request import API_VERSION
from langchain_azure_devops.settings import load_settings


class NotRecorded(Exception):
    """The solution of a case does not pass where it was to be recorded."""


def record(case: Case) -> Recording:
    """Play every solution of a case against a fresh organization and keep what was asked and answered.

    Raises:
        NotRecorded: A solution does not pass; a recording of it would prove nothing.
    """
    place = world_of(case)
    transport = RecordingTransport(place.transport, Scrubber(BASE_URL))
    for steps in (case.steps, *case.routes):
        if failures := failed(case, play(case, replace(place, transport=transport), steps)):
            raise NotRecorded(f"{case.id} does not pass and was not recorded: {'; '.join(failures)}")
    provenance = Provenance(timestamp(SEED_NOW), "simulator", API_VERSION, ORGANIZATION, place.world)
    return Recording(provenance, transport.taken())


def record_live(case: Case) -> Recording:
    """Play the solutions of a case against the organization of the environment, which is only read.

    The checks are not applied: what they expect is in the made-up organization. Secrets and mail addresses are taken
    out under a key that is forgotten afterwards; names, titles and code are not.
    """
    settings = load_settings()
    base_url = settings.url("core")
    scrubber = Scrubber(base_url, key=secrets.token_bytes(16), people=True)
    transport = RecordingTransport(network(base_url), scrubber)
    for steps in (case.steps, *case.routes):
        play(case, Place(settings, transport), steps, read_only=True)
    now = timestamp(datetime.now(UTC).replace(microsecond=0))
    return Recording(Provenance(now, "live", API_VERSION, settings.organization), transport.taken())


def write(case: Case, recording: Recording, folder: Path) -> Path:
    """Store the recording of a case."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{case.id}.json"
    recording.save(path)
    return path
