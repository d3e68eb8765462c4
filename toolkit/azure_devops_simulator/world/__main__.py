"""Make a world of a recording: `python -m azure_devops_simulator.world RECORDING [--output WORLD]`.

A recording is JSON with `exchanges`, as `azure-devops-evals` records them. The world is written to the output, and what
could not be taken over is listed on standard error. `--record URL` makes a recording of an organization first, by
reading it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from azure_devops_simulator.api.parsing import as_object, read_json
from azure_devops_simulator.state.values import JsonObject
from azure_devops_simulator.world.export import export_world
from azure_devops_simulator.world.recorded.scrubbing import Scrubber
from azure_devops_simulator.world.recorded.walk import record_organization
from azure_devops_simulator.world.recorded.world import world_from_recording
from azure_devops_simulator.world.saving import write_privately

TOKEN = "AZURE_DEVOPS_PAT"  # noqa: S105 - the name of a variable


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m azure_devops_simulator.world",
        description="Make a world for the simulator of recorded answers of the service.",
    )
    parser.add_argument("recording", type=Path, help="the recording (JSON)")
    parser.add_argument("--output", type=Path, metavar="WORLD", help="write the world to this file (default: stdout)")
    parser.add_argument(
        "--record",
        metavar="URL",
        help=f"read the organization at this address first, with the token in {TOKEN}, and write the recording; "
        "it sends no request that changes anything",
    )
    parser.add_argument("--project", action="append", help="record only this project; repeat it for more")
    parser.add_argument("--keep-people", action="store_true", help="keep people and what looks like a secret")
    return parser.parse_args(arguments)


def _recording(options: argparse.Namespace) -> JsonObject:
    if options.record:
        token = os.environ.get(TOKEN, "")
        if not token:
            raise ValueError(f"the variable {TOKEN} holds no token")
        recording = record_organization(options.record, token, projects=options.project or ())
    else:
        found = read_json(options.recording.read_bytes())
        recording = dict(found) if isinstance(found, Mapping) else {}
    if not options.keep_people:
        scrubber = Scrubber(recording)
        recording = as_object(scrubber.value(recording))
        said = f"{scrubber.people} people and {scrubber.secrets} secrets were replaced by pseudonyms"
        print(said, file=sys.stderr)
    if options.record:
        write_privately(options.recording.resolve(), _json(recording))
    return recording


def _json(value: JsonObject) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def main(arguments: list[str] | None = None) -> int:
    """Write the world of a recording."""
    options = _arguments(arguments)
    try:
        made = world_from_recording(_recording(options), keep_people=True)
        world = _json(export_world(made.organization))
        if options.output:
            write_privately(options.output.resolve(), world)
    except (OSError, ValueError) as error:
        print(f"{options.recording}: {error}", file=sys.stderr)
        return 2
    if not options.output:
        sys.stdout.write(world.decode())
    for note in made.notes:
        print(f"not as recorded: {note}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
