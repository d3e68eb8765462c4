"""Zip archives of logs and artifacts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from azure_devops_simulator.api.call import Answer
from azure_devops_simulator.areas.git.content import zip_answer
from azure_devops_simulator.state.builds import Artifact, Build, Log

_UNUSABLE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
"""Characters that a name of a file in an archive cannot have."""


def artifact_archive(artifact: Artifact) -> Answer:
    """Return the files of an artifact, in a folder of its name."""
    return _archive(artifact.name, {f"{artifact.name}/{path}": content for path, content in artifact.files.items()})


def log_archive(build: Build) -> Answer:
    """Return all logs of a build: a folder for each job, and in it a file for each step, in order."""
    records = build.records or []
    by_id = {record.id: record for record in records}
    names: dict[int, str] = {}
    for record in records:
        if record.log is not None:
            parts = [f"{record.order}_{_usable(record.name)}.txt"]
            if record.parent and (job := by_id.get(record.parent)):
                parts.insert(0, _usable(job.identifier.removesuffix(".__default").removeprefix("__default.")))
            path = "/".join(parts)
            names[record.log] = (
                path if path not in names.values() else f"{path.removesuffix('.txt')} ({record.log}).txt"
            )
    # A log that no record names any more is of an earlier attempt.
    files = {names.get(log.id, f"earlier attempts/{log.id}.txt"): text_of(log) for log in build.logs.values()}
    return _archive(f"logs_{build.id}", files)


def single_log_archive(log: Log) -> Answer:
    """Return one log."""
    return _archive(f"log_{log.id}", {f"{log.id}.txt": text_of(log)})


def text_of(log: Log, first: int = 1, last: int | None = None) -> bytes:
    """Return lines as text. They are appended one by one, so that no list of them is needed."""
    text = bytearray()
    for line in log.lines(first, last):
        text += line.encode()
        text += b"\n"
    return bytes(text)


def _usable(name: str) -> str:
    return _UNUSABLE.sub("_", name)


def _archive(name: str, files: Mapping[str, bytes]) -> Answer:
    return replace(zip_answer(_usable(name), files), content_type="application/zip")
