"""Read the work items that a search found, and show where the words stand in them."""

from collections.abc import Iterator, Sequence

from pydantic import AliasPath, Field, JsonValue

from langchain_azure_devops.calls.fan_out import fan_out
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection, decode
from langchain_azure_devops.tools.people import NamedPerson
from langchain_azure_devops.tools.work_items.models import RawComments, RawWorkItem, WorkItem
from langchain_azure_devops.tools.work_items.recovery import COMMENTS, COMMENTS_VERSION
from langchain_azure_devops.tools.work_items.searching.snippets import Snippet, find_word, make_snippet
from langchain_azure_devops.tools.work_items.stored_texts import show_text

BATCH = 200
"""The most work items or comments that one request reads."""
_MOST_COMMENTS_READ = 20
_TEXTS = {
    "System.Title": "title",
    "System.Description": "description",
    "Microsoft.VSTS.TCM.ReproSteps": "repro steps",
    "Microsoft.VSTS.Common.AcceptanceCriteria": "acceptance criteria",
    "System.Tags": "tags",
}


class FoundWorkItem(WorkItem):
    """A work item in whose texts something was found.

    Attributes:
        found: Where the words stand; empty where the service found other forms of them.
    """

    web_list = "{project}/_search?text={text}&type=workitem"

    assigned_to: NamedPerson = Field(default=None, validation_alias=AliasPath("fields", "System.AssignedTo"))
    found: list[Snippet] = Field(default=[])


async def read_found(
    client: AzureDevOps, ids: Sequence[int], words: list[str], notes: list[str]
) -> list[FoundWorkItem]:
    """Read work items with their texts, and show where the words stand; comments are read where no other text has one.

    Args:
        client: The client that asks.
        ids: The work items, in the order of the rows.
        words: The words to show.
        notes: Gets what could not be read.
    """
    rows: dict[int, FoundWorkItem] = {}
    raws: dict[int, RawWorkItem] = {}
    for start in range(0, len(ids), BATCH):
        asked: list[JsonValue] = [*ids[start : start + BATCH]]
        # The formats of the texts come only with everything else.
        body: dict[str, JsonValue] = {"ids": asked, "$expand": "all", "errorPolicy": "omit"}
        answer = await client.post("/{project}/_apis/wit/workitemsbatch", body, path={"project": None})
        found = [row for row in decode(answer, Collection[FoundWorkItem | None]).value if row]
        raw = [row for row in decode(answer, Collection[RawWorkItem | None]).value if row]
        rows |= {row.id: row for row in found}
        raws |= {row.id: each for row, each in zip(found, raw, strict=True)}
    if missing := len(set(ids)) - len(rows):
        notes.append(f"{missing} more could not be read: deleted, or hidden from this token's owner.")
    pattern = find_word(words)
    if pattern is None:
        return [rows[number] for number in ids if number in rows]
    snippets: dict[int, list[Snippet]] = {}
    for number, each in raws.items():
        made = [make_snippet(name, text, pattern, client.secrets) for name, text in _list_texts(each)]
        snippets[number] = [snippet for snippet in made if snippet]
    left = [number for number in ids if number in rows and not snippets[number]]
    if len(left) > _MOST_COMMENTS_READ:
        notes.append(f"The comments of {len(left) - _MOST_COMMENTS_READ} of these work items were not looked through.")

    async def read_comments(number: int) -> list[Snippet]:
        where: PathValues = {"project": rows[number].project, "id": number}
        answer = await client.get(COMMENTS, path=where, query={"$top": BATCH}, version=COMMENTS_VERSION)
        said = [each for each in decode(answer, RawComments).comments if each.text and not each.deleted]
        made = (
            make_snippet(f"comment {each.id} by {each.author}", each.shown_text, pattern, client.secrets)
            for each in said
        )
        return [snippet for snippet in made if snippet][:1]

    try:
        answers = await fan_out(left[:_MOST_COMMENTS_READ], read_comments)
        snippets |= answers.done
        notes.extend(f"The comments of work item {number} could not be read." for number in answers.failed)
    except AzureDevOpsError as error:
        notes.append(f"The comments could not be read: {error.message}")
    return [rows[number].model_copy(update={"found": snippets[number]}) for number in ids if number in rows]


def _list_texts(raw: RawWorkItem) -> Iterator[tuple[str, str]]:
    """List the texts of a work item as Markdown, with what each is called."""
    formats = {name: str(form).lower() for name, form in (raw.formats or {}).items()}
    for reference, name in _TEXTS.items():
        if text := raw.fields.get(reference):
            yield name, show_text(reference, str(text), formats.get(reference, "html"))
