"""The results of writes to wikis, and what they take."""

from typing import Annotated

from pydantic import Field

from langchain_azure_devops.results.models import Result, Untrusted

PagePath = Annotated[str, Field(description="Titles as shown: /On-call/Rota runbook")]
LastRead = Annotated[str, Field(description="From read_wiki_page")]


class SavedWikiPage(Result):
    """A page that was just created or edited, with its new version."""

    web = "{project}/_wiki/wikis/{wiki}?pagePath={path}"
    caption = "wiki page {path}"
    identifying = ("wiki", "path", "version")
    effect = ("wiki", "path", "version")

    wiki: Untrusted
    path: Untrusted
    id: int | None = None
    version: str
    notes: list[str] = Field(default=[])


class MovedWikiPage(Result):
    """A page that was just moved, with the paths of the pages below it that moved along."""

    web = "{project}/_wiki/wikis/{wiki}?pagePath={path}"
    caption = "wiki page {path}"
    identifying = ("wiki", "path", "moved_from")
    effect = ("wiki", "moved_from", "path", "order")

    wiki: Untrusted
    path: Untrusted
    moved_from: Untrusted
    order: int
    moved_along: list[Untrusted] = Field(default=[])
    notes: list[str] = Field(default=[])
