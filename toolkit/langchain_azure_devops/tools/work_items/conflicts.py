"""Explain a conflict of two changes of one work item."""

from pydantic import JsonValue

from langchain_azure_devops.errors import Conflict, RevisionConflict
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.tools.work_items.models import RawWorkItem, WorkItem, show_on_one_line
from langchain_azure_devops.tools.work_items.recovery import ITEM

_MAX_SHOWN = 300


def check_revision(number: int, present: int, revision: object) -> None:
    """Refuse a change that names a revision that is over.

    Raises:
        RevisionConflict: It is over.
    """
    if str(revision) != str(present):
        raise RevisionConflict(
            f"Work item {number} is at revision {present}, not {revision}: somebody changed it since it was read. "
            f"Nothing was changed. If the change still fits, repeat it with revision {present}.",
            subject=str(present),
        )


async def explain_conflict(
    client: AzureDevOps, error: Conflict, id: int, revision: int, changes: list[JsonValue]
) -> Conflict:
    """Return the error of a change whose revision is over, with the present values of the fields that it names.

    Args:
        client: The client that reads them.
        error: The error of the service.
        id: The work item.
        revision: The revision that the change names.
        changes: The operations of the change.
    """
    response = await client.get(ITEM, path={"id": id})
    now, fields = decode(response, WorkItem).revision, decode(response, RawWorkItem).fields
    if now == revision:
        return error
    paths = [str(change["path"]) for change in changes if isinstance(change, dict)]
    names = [path.removeprefix("/fields/") for path in paths if path.startswith("/fields/")]
    shown = [*dict.fromkeys([*names, "System.ChangedBy", "System.ChangedDate"])]
    told = {name: client.secrets.redact(show_on_one_line(name, fields.get(name)))[:_MAX_SHOWN] for name in shown}
    values = "\n".join(f"{name}: {value or '(empty)'}" for name, value in told.items())
    return RevisionConflict(
        f"Work item {id} is at revision {now}, not {revision}: somebody changed it since it was read. Nothing was "
        f"changed. If the change still fits, repeat it with revision {now}. Current values:\n{values}",
        subject=str(now),
    )
