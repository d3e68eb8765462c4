"""What failed in the earlier attempts of a build that was run again, in whole or in part."""

from collections.abc import Sequence

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.tools.builds.reading import read_records
from langchain_azure_devops.tools.builds.timeline import Failure, Record, list_earlier_failures

_MOST = 5


async def read_earlier_failures(client: AzureDevOps, where: PathValues, records: Sequence[Record]) -> list[Failure]:
    """Return what failed in the last earlier attempts, the oldest first.

    Args:
        client: Where to ask.
        where: The project and the build.
        records: The timeline of the newest attempt, which names those of the earlier ones.
    """
    timelines: dict[str, int] = {}
    for each in (each for record in records for each in record.previous):
        if each.timeline is not None:
            timelines[each.timeline] = max(each.number, timelines.get(each.timeline, 1))
    newest = sorted(timelines.items(), key=lambda entry: -entry[1])[:_MOST]
    found: list[Failure] = []
    for timeline, attempt in reversed(newest):
        found += list_earlier_failures(records, await read_records(client, where, timeline), attempt)
    return found


def count_attempts(failed: Sequence[Failure], earlier: Sequence[Failure]) -> int:
    """Return in how many attempts one of the failed steps failed, this one included."""
    return 1 + max(
        (
            len({each.attempt for each in earlier if (each.where, each.name) == (step.where, step.name)})
            for step in failed
        ),
        default=0,
    )
