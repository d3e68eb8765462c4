"""The files that are attached to work items of the seed organization."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.values import guid
from azure_devops_simulator.state.work_items.attachments import Attachment
from azure_devops_simulator.state.work_items.records import Draft, NewRelation, WorkItem

_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAADAAAAAQCAIAAADfzGvmAAAAJ0lEQVR4nGPQ6w6nKbpLImAYddCog0YdNOqgUQeNOmjUQaMOoq+D"
    "ANs8tz1rNdb2AAAAAElFTkSuQmCC"
)
"""A bar that is two thirds full, in PNG."""
_LOG = "\n".join(
    f"2026-10-30T09:{minute:02}:00Z label-service {text}"
    for minute, text in enumerate(
        (
            "printer zd-621-04 says: firmware V93.21, 300 dpi, 102 mm",
            "rendering label 00340434161094042557 in 203 dpi, 812 dots wide",
            "WARNING the template has no width, so 832 dots are taken",
            "sent 41 kB in 0.3 s",
            "ERROR printer answers: data beyond the right margin, 20 dots dropped",
            "sent again",
            "ERROR printer answers: data beyond the right margin, 20 dots dropped",
            "the label counts as printed",
        )
    )
)


class SeededFile(NamedTuple):
    """A file, who attaches it, and the comment on it."""

    by: str
    name: str
    content: bytes
    comment: str | None = None


FILES = {
    "Labels are cut off on the new printers": (
        SeededFile("Luis Ferreira", "label-service.log", f"{_LOG}\n".encode(), "From the first morning"),
        SeededFile("Mina Sato", "label.png", _PICTURE, "The right edge is missing"),
        SeededFile("Luis Ferreira", "label.prn", b"\x1b%-12345X\x00\x01" + bytes(range(256)) * 8),
    )
}
"""The files of work items, by the title of the item."""


def attach_file(organization: Organization, item: WorkItem, file: SeededFile, when: datetime) -> None:
    """Upload a file and attach it to a work item, which makes a revision."""
    by, number = organization.named(file.by), guid(f"attachment/{organization.name}/{item.id}/{file.name}")
    made = Attachment(number, file.name, by.id, when, file.content, len(file.content))
    organization.work_items.attachments[number] = made
    # The server that is asked later puts its own address in the place of this one.
    base = f"https://dev.azure.com/{organization.name}/{item.project.id}"
    url = f"{base}/_apis/wit/attachments/{number}?fileName={quote(file.name)}"
    added = [NewRelation("AttachedFile", url, file.comment)]
    organization.work_items.save(item, Draft(dict(item.revision.fields), added=added), by=by, when=when)
