"""The users, projects, teams, areas and iterations of a recording."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.areas.core.projects import PROCESSES, is_guid
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.projects import Process, Project, Team, Visibility
from azure_devops_simulator.state.values import JsonObject, JsonValue, guid
from azure_devops_simulator.state.work_items.nodes import Node, Structure
from azure_devops_simulator.world.recorded.seen import Answer, date_of, fullest, identities

_VISIBILITIES: dict[str, Visibility] = {"private": "private", "public": "public", "organization": "organization"}
_PROCESSES: dict[str, Process] = {"Agile": "Agile", "Scrum": "Scrum", "Basic": "Basic", "CMMI": "CMMI"}
_UNKNOWN = User(guid("user/unknown@example.invalid"), "Unknown", "unknown@example.invalid", "aad.unknown", member=False)


class People:
    """The users of the organization, found by what an answer says of them."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization

    def add(self, seen: Iterable[Answer]) -> None:
        """Add everybody who appears in the answers."""
        for answer in seen:
            for user in identities(answer.objects):
                self._organization.users.setdefault(user.id, user)

    def of(self, value: JsonValue) -> User:
        """Return the user of an identity; a user called Unknown when it says nothing."""
        users = self._organization.users
        number = as_text(as_object(value).get("id")).lower()
        return users[number] if number in users else users.setdefault(_UNKNOWN.id, _UNKNOWN)


def add_projects(organization: Organization, seen: list[Answer], notes: list[str]) -> None:
    """Add every project that an answer refers to, with the teams that were seen."""
    rows = fullest(_project_rows(seen))
    known = {as_text(row["name"]).lower() for row in rows.values()}
    for name in _named_projects(seen):
        if name.lower() not in known and name.lower() not in rows:
            notes.append(f"project {name}: only its name was seen; it has a new id")
            rows[guid(f"project/{name}")] = {"name": name}
            known.add(name.lower())
    for key, row in rows.items():
        template = as_object(as_object(row.get("capabilities")).get("processTemplate"))
        process = _PROCESSES.get(as_text(template.get("templateName")))
        if process is None:
            by_id = {number: _PROCESSES[name] for name, number in PROCESSES.items()}
            process = by_id.get(as_text(template.get("templateTypeId")).lower())
        name = as_text(row["name"])
        if process is None:
            notes.append(f"project {name}: its process was not seen or is a custom one; it became Agile")
        organization.projects[key] = Project(
            key,
            name,
            as_text(row.get("description")),
            _VISIBILITIES.get(as_text(row.get("visibility")), "private"),
            process or "Agile",
            date_of(row.get("lastUpdateTime")),
            revision=_number(row.get("revision")) or 1,
        )
    for project in organization.projects.values():
        project.teams = _teams(organization, project, seen)
        if not project.teams:
            members = [user for user in organization.users.values() if user.member]
            project.teams = [Team(guid(f"team/{project.name}"), f"{project.name} Team", "", members)]


def _project_rows(seen: list[Answer]) -> Iterable[tuple[str, JsonObject]]:
    for answer in seen:
        for found in answer.objects:
            whole = found if found.get("state") == "wellFormed" and "visibility" in found else {}
            for row in (whole, as_object(found.get("project"))):
                if is_guid(as_text(row.get("id"))) and as_text(row.get("name")):
                    yield as_text(row["id"]).lower(), row


def _named_projects(seen: list[Answer]) -> Iterable[str]:
    """Yield the names of projects in paths and in work items."""
    for answer in seen:
        if answer.segments[1:2] == ("_apis",) and not is_guid(answer.segments[0]):
            yield answer.segments[0]
        for found in answer.objects:
            if name := as_text(found.get("System.TeamProject")):
                yield name


def _teams(organization: Organization, project: Project, seen: list[Answer]) -> list[Team]:
    rows = fullest(
        (as_text(found["id"]).lower(), found)
        for answer in seen
        for found in answer.objects
        if as_text(found.get("projectId")).lower() == project.id and "identityUrl" in found
    )
    people = People(organization)
    teams = []
    for key, row in rows.items():
        names = {key, as_text(row.get("name")).lower()}
        members: list[User] = []
        administrators: list[User] = []
        for answer in seen:
            below = answer.below("projects")
            if below and len(below) == 4 and below[1::2] == ("teams", "members") and below[2].lower() in names:
                members += [people.of(member.get("identity")) for member in answer.rows()]
                leads = [member for member in answer.rows() if member.get("isTeamAdmin") is True]
                administrators += [people.of(member.get("identity")) for member in leads]
        name, description = as_text(row.get("name")), as_text(row.get("description"))
        teams.append(Team(key, name, description, members, administrators))
    default = next(
        (
            as_text(as_object(found["defaultTeam"]).get("id")).lower()
            for answer in seen
            for found in answer.objects
            if as_text(found.get("id")).lower() == project.id and "defaultTeam" in found
        ),
        "",
    )
    return sorted(teams, key=lambda team: team.id != default)


def add_nodes(organization: Organization, seen: list[Answer]) -> None:
    """Add the areas and iterations that were seen, then those that work items are in."""
    trees = organization.work_items.trees
    for answer in seen:
        for found in answer.objects:
            structure = found.get("structureType")
            if structure in {"area", "iteration"} and "identifier" in found:
                _add_node(organization, "area" if structure == "area" else "iteration", found)
    for project in organization.projects.values():
        trees.root(project, "area")
        trees.root(project, "iteration")


def _add_node(organization: Organization, structure: Structure, row: JsonObject) -> None:
    names = [part for part in as_text(row.get("path")).split("\\") if part]
    # Paths of the API name the tree behind the project.
    if len(names) > 1 and names[1].lower() in {"area", "iteration"}:
        del names[1]
    project = organization.project(names[0]) if names else None
    if project is None:
        return
    node = node_of(organization, project, structure, "\\".join(names))
    attributes = as_object(row.get("attributes"))
    node.start, node.finish = _maybe(attributes.get("startDate")), _maybe(attributes.get("finishDate"))
    if number := _number(row.get("id")):
        node.id = number
        organization.work_items.trees.last_id = max(organization.work_items.trees.last_id, number)
    for child in as_list(row.get("children")):
        _add_node(organization, structure, as_object(child))


def node_of(organization: Organization, project: Project, structure: Structure, path: str) -> Node:
    """Return the node of a path, which is added if it is missing."""
    trees = organization.work_items.trees
    node = trees.root(project, structure)
    for name in path.split("\\")[1:]:
        node = node.child(name) or trees.add(node, name)
    return node


def _maybe(value: JsonValue) -> datetime | None:
    return date_of(value) if isinstance(value, str) else None


def _number(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0
