"""Send several writes of one call, one after the other."""

from collections.abc import Awaitable, Callable, Iterable

from langchain_azure_devops.errors import AzureDevOpsError, WriteOutcomeUnknown
from langchain_azure_devops.results.models import Failed


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


def tell_failed(failed: Iterable[Failed]) -> list[str]:
    """Return a note for each write that was refused."""
    return [f"{each.place} was not done ({each.status}): {each.reason}" for each in failed]
