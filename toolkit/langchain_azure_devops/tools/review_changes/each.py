"""Send several writes of one call, one after the other."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from langchain_azure_devops.errors import AzureDevOpsError, WriteOutcomeUnknown
from langchain_azure_devops.results.models import Failed
from langchain_azure_devops.tools.review_changes.models import ChangedPullRequest

C = TypeVar("C", bound=ChangedPullRequest)


async def write_each(names: Iterable[str], write: Callable[[str], Awaitable[object]]) -> list[Failed]:
    """Write for each name, and return those that were refused after another was written.

    Args:
        names: What each write is about.
        write: Sends one of them.

    Raises:
        WriteOutcomeUnknown: The answer to one of them was lost; nothing was sent for the names behind it.
        AzureDevOpsError: One was refused, and nothing was written before.
    """
    written, failed = 0, list[Failed]()
    for name in names:
        try:
            await write(name)
            written += 1
        except WriteOutcomeUnknown:
            raise
        except AzureDevOpsError as error:
            if not written:
                raise
            failed.append(Failed(place=name, status=error.status, reason=error.message))
    return failed


def add_failed(changed: C, failed: Sequence[Failed], notes: Sequence[str]) -> C:
    """Return a result that says which writes were refused; their reasons are words of others.

    Args:
        changed: What was read after the writes.
        failed: The refused writes.
        notes: Further notes.
    """
    told = [f"The service refused {len(failed)} of the writes; `refused` names them."] if failed else []
    values = {
        "notes": [*changed.notes, *notes, *told],
        "refused": [f"{each.place} ({each.status}): {each.reason}" for each in failed],
        "partial": changed.partial or bool(failed),
        "unread": list(failed),
    }
    return changed.model_copy(update=values)
