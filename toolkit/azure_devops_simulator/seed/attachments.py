"""The files that are attached to work items of the seed organization."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.world.builder.organizations import build_organization

_ITEM = 31
_ATTACHED = datetime(2026, 11, 18, 13, 20, tzinfo=UTC)
_LUIS, _MINA = "Luis Ferreira", "Mina Sato"
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAADAAAAAQCAIAAADfzGvmAAAAJ0lEQVR4nGPQ6w6nKbpLImAYddCog0YdNOqgUQeNOmjUQaMOoq+D"
    "ANs8tz1rNdb2AAAAAElFTkSuQmCC"
)
"""A bar that is two thirds full, in PNG."""
_LOG = "\n".join(
    f"2026-11-18T11:{minute:02}:00Z agent-win-{minute % 2 + 1:02} {text}"
    for minute, text in enumerate(
        (
            "restart requested by the nightly task",
            "stopping the service vstsagent",
            "waiting for the running job to end",
            "job 4711 does not answer, 60 s left",
            "ERROR the service did not stop within 120 s (1053)",
            "retrying once",
            "ERROR the service did not stop within 120 s (1053)",
            "giving up, the agent stays offline",
        )
    )
)


def seed_attachments(organization: Organization) -> None:
    """Attach a log, a picture and a memory dump to a bug of Platform."""
    organization.clock.set(_ATTACHED)
    item = build_organization(organization).project("Platform").work_item(_ITEM)
    item.attach("restart.log", f"{_LOG}\n", comment="From agent-win-01", by=_LUIS)
    item.attach("services.png", _PICTURE, comment="The service stays in the state Stopping", by=_MINA)
    item.attach("agent.dmp", b"MDMP\x93\xa7\x00\x00" + bytes(range(256)) * 8, by=_LUIS)
