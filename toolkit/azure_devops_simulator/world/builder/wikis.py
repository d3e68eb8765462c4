"""Build wikis: their pages, edits and moves."""

from __future__ import annotations

from typing import Self

from azure_devops_simulator.areas.wiki.pages import Page, find_page, read_pages, repository_of
from azure_devops_simulator.state.projects import Project, Wiki
from azure_devops_simulator.state.values import JsonObject
from azure_devops_simulator.world.builder.repositories import RepositoryBuilder
from azure_devops_simulator.world.builder.requests import Person, Requests, choose


class WikiBuilder:
    """A wiki. Methods that change it return it again, so that they can be chained. `wiki` is its state."""

    def __init__(self, requests: Requests, project: Project, wiki: Wiki) -> None:
        self._requests = requests
        self._project = project
        self.wiki = wiki

    @property
    def id(self) -> str:
        """The id of the wiki."""
        return self.wiki.id

    @property
    def repository(self) -> RepositoryBuilder:
        """The repository of its pages."""
        return RepositoryBuilder(self._requests, repository_of(self._project, self.wiki))

    @classmethod
    def create(
        cls,
        requests: Requests,
        project: Project,
        name: str,
        source: tuple[RepositoryBuilder, str, str | None] | None,
        by: Person | None,
    ) -> Self:
        """Create a wiki of a project, or one that publishes a folder of a repository and branch."""
        body: JsonObject = {"name": name, "projectId": project.id, "type": "projectWiki"}
        if source:
            repository, folder, branch = source
            version: JsonObject = {"version": branch or repository.default_branch}
            body |= {"type": "codeWiki", "repositoryId": repository.id, "mappedPath": folder, "version": version}
        number = requests.send(by, "POST", project.name, "_apis", "wiki", "wikis", body=body)["id"]
        return cls(requests, project, project.wikis[str(number)])

    def add_page(self, path: str, content: str = "", *, author: Person | None = None) -> Self:
        """Add a page. The page above it has to exist.

        Raises:
            BuilderError: there is a page of this path, or none above it.
        """
        return self._put(path, content, author, None)

    def edit_page(self, path: str, content: str, *, author: Person | None = None) -> Self:
        """Replace the content of a page.

        Raises:
            BuilderError: there is no such page.
        """
        page = self._page(path)
        return self._put(page.path, content, author, page.version)

    def move_page(self, path: str, new_path: str, *, order: int | None = None, by: Person | None = None) -> Self:
        """Move a page with those below it.

        Raises:
            BuilderError: there is no such page, or one of the new path.
        """
        body: JsonObject = {"path": self._page(path).path, "newPath": new_path, "newOrder": order}
        self._send(by, "POST", "pagemoves", body=body)
        return self

    def delete_page(self, path: str, *, by: Person | None = None) -> Self:
        """Delete a page with those below it.

        Raises:
            BuilderError: there is no such page.
        """
        self._send(by, "DELETE", "pages", query={"path": self._page(path).path})
        return self

    def text(self, path: str) -> str:
        """Return the content of a page.

        Raises:
            BuilderError: there is no such page.
        """
        content = repository_of(self._project, self.wiki).objects.blob(self._page(path).version)
        return (content or b"").decode()

    def paths(self) -> list[str]:
        """Return the paths of the pages that have a text."""
        return [page.path for page in self._root().walk() if page.has_file]

    def _page(self, path: str) -> Page:
        root = self._root()
        known = {page.path: page for page in root.walk() if page.has_file}
        found = find_page(root, choose("wiki page", "/" + path.strip("/"), known))
        return known[path] if found is None else found

    def _root(self) -> Page:
        repository = repository_of(self._project, self.wiki)
        return read_pages(self.wiki, repository, repository.refs[f"refs/heads/{self.wiki.branches[0]}"])

    def _put(self, path: str, content: str, author: Person | None, version: str | None) -> Self:
        headers = {"if-match": f'"{version}"'} if version else {}
        self._send(author, "PUT", "pages", body={"content": content}, query={"path": path}, headers=headers)
        return self

    def _send(
        self,
        by: Person | None,
        method: str,
        part: str,
        *,
        body: JsonObject | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        branch = {"versionDescriptor.version": self.wiki.branches[0]}
        path = (self._project.name, "_apis", "wiki", "wikis", self.id, part)
        self._requests.send(by, method, *path, body=body, query={**(query or {}), **branch}, headers=headers)
