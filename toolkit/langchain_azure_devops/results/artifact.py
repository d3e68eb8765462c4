"""A result or an error as plain JSON, which is what a program reads where a model reads the text.

It survives every checkpointer unchanged, so an agent that resumes a thread reads the same fields as before.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from langchain_azure_devops.errors import AzureDevOpsError, WriteOutcomeUnknown
from langchain_azure_devops.results.models import Lines, Page, PartialResult, Result
from langchain_azure_devops.results.provenance import error_origins, name_record, origins
from langchain_azure_devops.results.rendering import Rendered
from langchain_azure_devops.results.web_pages import find_web_pages, name_result, number_lines_of

Artifact = dict[str, JsonValue]


def artifact_of(
    result: Result | Page[Any],
    rendered: Rendered,
    *,
    account: str | None = None,
    base_url: str = "",
    arguments: Mapping[str, JsonValue] | None = None,
) -> Artifact:
    """Return the data beside the text of a result.

    `status` is ok, empty or partial; `complete` says whether the text holds everything that the service has. `next`
    holds the arguments with which the same call brings what follows, `gaps` says whether something is missing that no
    such call brings, and `failed` lists the parts that could not be read. `final` says that the same call can never
    bring anything else, so that an agent may show this result again instead of another call. `data` is the record, or
    the rows that the text shows. `looked_in` says of a list where it looked, as `project`, which is "*" for every
    visible one, and `repository`. `origins` says whose words the text holds; it is empty when the service wrote all of
    it. `urls` has the web page of the record, or one pattern for all rows, with fields of a row in braces; see
    `find_web_pages`. `caption` says what the record is called, such as `Bug 59`, and `lines` how the lines of the text
    belong to rows or to the lines of a file or log.

    Args:
        result: The record or page, without secrets.
        rendered: Its text.
        account: The id of the token's owner, to tell their own words.
        base_url: Where the web pages of the organization are.
        arguments: The arguments of the call, which complete a pattern.
    """
    several = isinstance(result, Page)
    kind = result.row_type() if isinstance(result, Page) else type(result)
    records = result.items[: rendered.rows] if isinstance(result, Page) else [result]
    status = "partial" if not rendered.complete else "ok" if records else "empty"
    return {
        "type": _type_of(result),
        "status": status,
        "complete": rendered.complete,
        "next": rendered.next,
        "gaps": rendered.gaps,
        "final": getattr(result, "final", False) and not _failed(result),
        "total": _total(result),
        "looked_in": _place(result),
        "notes": [*_notes(result), *rendered.notes],
        "failed": [failed.model_dump(mode="json") for failed in _failed(result)],
        "origins": [origin.as_data() for origin in origins(result, account)],
        "urls": find_web_pages(kind, records, several, base_url, arguments or {}, _page(result)),
        "caption": name_result(records, several),
        "lines": number_lines_of(records, several, rendered.first_row, rendered.starts),
        "data": _data(result, records, rendered),
    }


def error_artifact(error: AzureDevOpsError) -> Artifact:
    """Return the data beside the text of an error; `origins` is empty when its words are this package's own.

    An unknown outcome of a write has the `url` where a person sees whether it was done.
    """
    where: Artifact = {"url": error.url} if isinstance(error, WriteOutcomeUnknown) and error.url else {}
    return {
        "status": error.status,
        "class": type(error).__name__,
        "subject": error.subject,
        "origins": [origin.as_data() for origin in error_origins(error)],
        **where,
    }


def _type_of(result: Result | Page[Any]) -> str:
    if not isinstance(result, Page):
        return name_record(type(result)).replace(" ", "_")
    row = result.row_type()
    return row.plural.replace(" ", "_")


def _total(result: Result | Page[Any]) -> int | None:
    return result.total if isinstance(result, Page) else getattr(result, "total_lines", None)


def _place(result: Result | Page[Any]) -> JsonValue:
    if not isinstance(result, Page) or result.looked_in is None:
        return None
    return {"project": result.looked_in.project, "repository": result.looked_in.repository}


def _page(result: Result | Page[Any]) -> str:
    return result.looked_in.web if isinstance(result, Page) and result.looked_in else ""


def _notes(result: Result | Page[Any]) -> list[str]:
    """Return the notes of a page or record; some records have a single note in `note`."""
    one = getattr(result, "note", None)
    return [*getattr(result, "notes", []), *([one] if one else [])]


def _failed(result: Result | Page[Any]) -> list[Any]:
    return result.failed if isinstance(result, Page) else result.unread if isinstance(result, PartialResult) else []


def _data(result: Result | Page[Any], records: list[Any], rendered: Rendered) -> JsonValue:
    if isinstance(result, Page):
        return [row.__pydantic_serializer__.to_python(row, mode="json") for row in records]
    data: dict[str, JsonValue] = result.model_dump(mode="json")
    if isinstance(result, Lines) and rendered.next is not None:
        # The lines that the text left out come with the next call.
        kept = int(str(rendered.next["first_line"])) - result.first_line
        data["text"] = "\n".join(result.text.split("\n")[:kept])
    return data
