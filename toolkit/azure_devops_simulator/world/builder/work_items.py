"""Build work items: fields, history, comments and links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self, TypeAlias

from azure_devops_simulator.areas.work_items.process.fields import FIELDS, find_field
from azure_devops_simulator.areas.work_items.process.types import WorkItemType, work_item_type, work_item_types
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Project
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp
from azure_devops_simulator.state.work_items.nodes import Structure
from azure_devops_simulator.state.work_items.records import WorkItem
from azure_devops_simulator.state.work_items.relation_types import RELATION_TYPES
from azure_devops_simulator.world.builder.pipelines import RunBuilder
from azure_devops_simulator.world.builder.pull_requests import PullRequestBuilder
from azure_devops_simulator.world.builder.repositories import RepositoryBuilder
from azure_devops_simulator.world.builder.requests import Person, Requests, choose, texts

FieldInput: TypeAlias = str | int | float | bool | datetime | User | None
"""The value of a field; None clears it."""

_BETWEEN_ITEMS = {relation.name: relation.reference_name for relation in RELATION_TYPES.values() if relation.topology}


class WorkItemFields:
    """The fields of a work item as a user names them, made into the operations of a JSON Patch document."""

    def __init__(self, requests: Requests, project: Project, type_name: str) -> None:
        self._requests = requests
        self._project = project
        self.type: WorkItemType = work_item_type(
            project, choose("work item type", type_name, [kind.name for kind in work_item_types(project)])
        )

    def operations(
        self,
        fields: Mapping[str, FieldInput],
        *,
        title: str | None = None,
        description: str | None = None,
        assigned_to: Person | None = None,
        state: str | None = None,
        area: str | None = None,
        iteration: str | None = None,
        tags: str | Sequence[str] | None = None,
    ) -> list[JsonObject]:
        """Return the operations that write these fields."""
        given: dict[str, FieldInput] = {
            "System.Title": title,
            "System.Description": description,
            "System.AssignedTo": self._requests.person(assigned_to) if assigned_to else None,
            "System.State": state,
            "System.AreaPath": area,
            "System.IterationPath": iteration,
            "System.Tags": None if tags is None else "; ".join(texts(tags)),
        }
        found: dict[str, FieldInput] = {name: value for name, value in given.items() if value is not None}
        found |= {self._name(name): value for name, value in fields.items()}
        return [
            {"op": "replace", "path": f"/fields/{name}", "value": self._value(name, value)}
            for name, value in found.items()
        ]

    def _name(self, name: str) -> str:
        field = find_field(name)
        if field and field.reference_name in self.type.fields:
            return field.reference_name
        names = {FIELDS[each].name: each for each in self.type.fields if not FIELDS[each].read_only}
        return names[choose(f"field of {self.type.name}", name, names)]

    def _value(self, name: str, value: FieldInput) -> JsonValue:
        if isinstance(value, datetime):
            return timestamp(value)
        if isinstance(value, User):
            return value.unique_name
        if FIELDS[name].kind == "identity" and value:
            return self._requests.person(str(value)).unique_name
        if name == "System.State" and value:
            return choose("state", str(value), [state.name for state in self.type.states])
        if FIELDS[name].kind == "treePath" and value:
            return self._path("area" if name == "System.AreaPath" else "iteration", str(value))
        return value

    def _path(self, structure: Structure, path: str) -> str:
        root = self._requests.organization.work_items.trees.root(self._project, structure)
        known = [node.path for node in root.walk()]
        wanted = path.replace("/", "\\").strip("\\")
        whole = wanted if wanted.lower() in {each.lower() for each in known} else f"{root.path}\\{wanted}"
        return choose(structure, whole, known)


class WorkItemBuilder:
    """A work item. Methods that change it return it again, so that they can be chained. `item` is its state."""

    def __init__(self, requests: Requests, item: WorkItem) -> None:
        self._requests = requests
        self.item = item

    @property
    def id(self) -> int:
        """The id of the work item."""
        return self.item.id

    def update(
        self,
        fields: Mapping[str, FieldInput] | None = None,
        *,
        title: str | None = None,
        description: str | None = None,
        assigned_to: Person | None = None,
        state: str | None = None,
        area: str | None = None,
        iteration: str | None = None,
        tags: str | Sequence[str] | None = None,
        by: Person | None = None,
    ) -> Self:
        """Save a change, which becomes a revision of the item.

        Args:
            fields: further fields by name (`Severity`) or reference name; None clears a field.
            title: the title.
            description: the description, as HTML.
            assigned_to: the user to whom it is assigned.
            state: the state.
            area: the area, with or without the name of the project.
            iteration: the iteration, with or without the name of the project.
            tags: the tags, which replace those from before.
            by: who changes it; the user who changed it last by default.

        Raises:
            BuilderError: a field, user, state, area or iteration does not exist, or the process does not allow the
                change.
        """
        made = WorkItemFields(self._requests, self.item.project, self.item.type).operations(
            fields or {},
            title=title,
            description=description,
            assigned_to=assigned_to,
            state=state,
            area=area,
            iteration=iteration,
            tags=tags,
        )
        self._patch(made, by)
        return self

    def comment(self, text: str, *, author: Person | None = None) -> Self:
        """Add a comment in HTML, by the user who changed the item last unless another one is given."""
        own = (self.item.project.name, "_apis", "wit", "workitems", str(self.id), "comments")
        self._requests.send(author or self._last, "POST", *own, body={"text": text})
        return self

    def link(
        self,
        target: WorkItemBuilder | PullRequestBuilder | RunBuilder | str,
        relation: str = "Related",
        *,
        comment: str | None = None,
        by: Person | None = None,
    ) -> Self:
        """Link the item to another one, to a pull request, to a build or to a page.

        Args:
            target: what to link to; a text is the address of a page.
            relation: for another work item, what it is to this one: `Parent`, `Child`, `Related` and so on.
            comment: a comment on the link.
            by: who links; the user who changed the item last by default.

        Raises:
            BuilderError: there is no such relation, the link exists, or it would make a second parent or a circle.
        """
        attributes: JsonObject = {"comment": comment} if comment else {}
        if isinstance(target, WorkItemBuilder):
            rel = _BETWEEN_ITEMS[choose("relation", relation, _BETWEEN_ITEMS)]
            url = f"https://dev.azure.com/_apis/wit/workItems/{target.id}"
        elif isinstance(target, str):
            rel, url = "Hyperlink", target
        elif isinstance(target, PullRequestBuilder):
            rel, url, attributes["name"] = "ArtifactLink", target.pull_request.artifact_uri, "Pull Request"
        else:
            rel, url, attributes["name"] = "ArtifactLink", target.build.uri, "Build"
        return self._link(rel, url, attributes, by)

    def link_commit(
        self, repository: RepositoryBuilder, branch: str | None = None, *, by: Person | None = None
    ) -> Self:
        """Link the item to the newest commit of a branch, the default branch when none is given.

        Raises:
            BuilderError: there is no such branch, or the link exists.
        """
        ids = (repository.repository.project.id, repository.id, repository.tip(branch))
        return self._link("ArtifactLink", f"vstfs:///Git/Commit/{'%2f'.join(ids)}", {"name": "Fixed in Commit"}, by)

    def attach(self, name: str, content: bytes | str, *, comment: str | None = None, by: Person | None = None) -> Self:
        """Attach a file; a text is stored as UTF-8.

        Args:
            name: the name of the file.
            content: what it holds.
            comment: a comment on the attachment.
            by: who attaches it; the user who changed the item last by default.
        """
        author = by or self._last
        file = content.encode() if isinstance(content, str) else content
        route = (self.item.project.name, "_apis", "wit", "attachments")
        made = self._requests.send(author, "POST", *route, content=file, query={"fileName": name})
        return self._link("AttachedFile", str(made["url"]), {"comment": comment} if comment else {}, author)

    def delete(self, *, by: Person | None = None) -> Self:
        """Put the item into the recycle bin."""
        own = (self.item.project.name, "_apis", "wit", "workitems", str(self.id))
        self._requests.send(by or self._last, "DELETE", *own)
        return self

    def _link(self, rel: str, url: str, attributes: JsonObject, by: Person | None) -> Self:
        value: JsonObject = {"rel": rel, "url": url, "attributes": attributes}
        self._patch([{"op": "add", "path": "/relations/-", "value": value}], by)
        return self

    @property
    def _last(self) -> User:
        return self._requests.organization.users[self.item.revision.changed_by]

    def _patch(self, operations: Sequence[JsonObject], by: Person | None) -> None:
        own = (self.item.project.name, "_apis", "wit", "workitems", str(self.id))
        self._requests.send(by or self._last, "PATCH", *own, body=operations, patch=True)
