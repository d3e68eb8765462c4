"""Wikis and pages as the service writes them."""

from __future__ import annotations

from urllib.parse import quote

from azure_devops_simulator.api.call import Answer, Call
from azure_devops_simulator.areas.git.content import text_of
from azure_devops_simulator.areas.wiki.lookup import Version
from azure_devops_simulator.areas.wiki.pages import Page
from azure_devops_simulator.state.projects import Project, Wiki
from azure_devops_simulator.state.values import JsonObject, JsonValue

LEVELS = {"none": 0, "onelevel": 1, "onelevelplusnestedemptyfolders": 1, "full": 1000}
"""How many levels of pages each recursion level shows."""


def wiki_shape(call: Call, project: Project, wiki: Wiki) -> JsonObject:
    """Return a wiki."""
    versions: list[JsonValue] = [{"version": branch} for branch in wiki.branches]
    return {
        "id": wiki.id,
        "versions": versions,
        "url": call.url(f"{project.id}/_apis/wiki/wikis/{wiki.id}"),
        "remoteUrl": call.url(f"{project.id}/_wiki/wikis/{wiki.id}"),
        "type": wiki.type,
        "name": wiki.name,
        "projectId": project.id,
        "repositoryId": wiki.repository,
        "mappedPath": wiki.path,
    }


def page_shape(call: Call, version: Version, page: Page, levels: int = 0, *, content: str | None = None) -> JsonObject:
    """Return a page with the pages below it, down to so many levels.

    The page that the request names has its id and its content, which is empty unless asked for. Those below have none.
    """
    quoted, home = quote(page.path, safe=""), f"{version.project.id}/_apis/wiki/wikis/{version.wiki.id}"
    web = call.url(f"{version.project.id}/_wiki/wikis/{version.wiki.id}")
    below: list[JsonValue] = [page_shape(call, version, each, levels - 1) for each in page.below] if levels else []
    shape: JsonObject = {"path": page.path, "order": page.order}
    if page.below:
        shape["isParentPage"] = True
    if page.path != "/" and not (page.listed and page.has_file):
        shape["isNonConformant"] = True
    shape |= {
        "gitItemPath": page.item,
        "subPages": below,
        "url": f"{call.url(f'{home}/pages/')}{quoted}",
        "remoteUrl": f"{web}?pagePath={quoted}",
    }
    if content is None:
        return shape
    number = version.wiki.page_ids.get(page.path)
    return {**shape, **({"id": number} if number else {}), "content": content}


def page_answer(
    call: Call, version: Version, page: Page, levels: int = 0, *, status: int = 200, content: bool = False
) -> Answer:
    """Return a page with its version as the ETag."""
    text = text_of(blob(version, page)) if content else ""
    shape = page_shape(call, version, page, levels, content=text)
    return Answer(status, shape, headers={"ETag": f'"{page.version}"'})


def blob(version: Version, page: Page) -> bytes:
    """Return the content of a page; nothing for a folder."""
    return version.repository.objects.blob(page.version) or b"" if page.has_file else b""
