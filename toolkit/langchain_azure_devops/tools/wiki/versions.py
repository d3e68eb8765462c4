"""Compare the version of a wiki page that was read with the present one, before it is written."""

from langchain_azure_devops.errors import AzureDevOpsError, InvalidRequest, RevisionConflict
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import unreadable_answer
from langchain_azure_devops.tools.git import is_commit_id
from langchain_azure_devops.tools.wiki.changes import read_changes
from langchain_azure_devops.tools.wiki.page_access import StoredPage, read_version
from langchain_azure_devops.tools.wiki.wikis import Wiki


def parse_version(version: str) -> str:
    """Return a version as a call gives it, as the service writes it.

    Raises:
        InvalidRequest: It is no version of a page.
    """
    wanted = read_version(version)
    if not is_commit_id(wanted):
        raise InvalidRequest(
            f"{version!r} is no version of a page, which has 40 hexadecimal digits. read_wiki_page shows it.",
            subject="version",
        )
    return wanted


async def check_version(client: AzureDevOps, where: PathValues, wiki: Wiki, page: StoredPage, wanted: str) -> None:
    """Accept a page that still has the version that was read.

    Raises:
        RevisionConflict: It has another one.
    """
    if not page.version:
        raise unreadable_answer("the page", "it has no ETag, which is the version of the page")
    if page.version != wanted:
        raise await make_conflict(client, where, wiki, page, wanted)


async def make_conflict(
    client: AzureDevOps, where: PathValues, wiki: Wiki, page: StoredPage, version: str
) -> RevisionConflict:
    """Return the error for a page that has another version, with whoever changed it if that can be read."""
    last = await describe_last_change(client, where, wiki, page)
    who = f" It was last changed by {last}." if last else ""
    return RevisionConflict(
        f"Nothing was written: the page {page.path!r} is at version {page.version} by now, not at {version}.{who} Read "
        "it again, and decide anew on that version.",
        subject="version",
    )


async def describe_last_change(client: AzureDevOps, where: PathValues, wiki: Wiki, page: StoredPage) -> str:
    """Return who changed a page last and when; empty where the repository of the wiki cannot be read."""
    try:
        rows = await read_changes(client, where, wiki, page.file, 1)
    except AzureDevOpsError:
        return ""
    words = [
        f"{row.author} <{row.email}> at {row.changed:%Y-%m-%d %H:%M:%S} UTC, commit {row.commit[:8]}" for row in rows
    ]
    return "".join(words)
