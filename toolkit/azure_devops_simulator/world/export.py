"""Export an organization as JSON (a "world"), and import it again.

A world holds projects with teams, repositories (all git objects under their own ids) and pushes, wikis with the ids of
their pages, areas and iterations, pipelines, builds with timelines, logs and test results, test plans, pull requests
with threads, work items with every revision, attached files, saved queries, templates, users, groups, permissions, the
clock, and the counters that give the next ids. It does not hold tokens, which belong to the people who use the
organization, nor faults and rate limits, which belong to a test.

A world is deterministic: equal organizations give equal text, and `export_world(import_world(world)) == world`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TypeVar, cast

from azure_devops_simulator.areas.builds.run import catch_up
from azure_devops_simulator.areas.core.operations import settle
from azure_devops_simulator.areas.pull_requests.replays import settle_replays
from azure_devops_simulator.areas.wiki.pages import settle_pages
from azure_devops_simulator.areas.work_items.process.fields import FIELDS
from azure_devops_simulator.state.builds import Build, Definition
from azure_devops_simulator.state.clock import Clock
from azure_devops_simulator.state.deployment import DeploymentStore
from azure_devops_simulator.state.git_objects import ObjectStore
from azure_devops_simulator.state.operations import Operation
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import Denial, Group, User
from azure_devops_simulator.state.pipeline_resources import PipelineResources
from azure_devops_simulator.state.projects import DeletedRepository, Project, Repository
from azure_devops_simulator.state.pull_requests import PullRequest
from azure_devops_simulator.state.soak_log import SoakLog
from azure_devops_simulator.state.test_plans import TestPlan
from azure_devops_simulator.state.test_results import TestRun
from azure_devops_simulator.state.values import JsonObject, JsonValue, timestamp
from azure_devops_simulator.state.work_items.attachments import Attachment
from azure_devops_simulator.state.work_items.nodes import Node
from azure_devops_simulator.state.work_items.queries import SavedQuery
from azure_devops_simulator.state.work_items.records import FieldValue, WorkItem
from azure_devops_simulator.state.work_items.templates import Template
from azure_devops_simulator.world.builder.organizations import OrganizationBuilder
from azure_devops_simulator.world.codec import AnyJson, Codec, WorldError
from azure_devops_simulator.world.git import read_objects, write_objects

T = TypeVar("T")

FORMAT = 1
"""The version of the format. Other versions are refused."""


def export_world(organization: Organization | OrganizationBuilder) -> JsonObject:
    """Return everything in an organization as JSON."""
    if isinstance(organization, OrganizationBuilder):
        organization = organization.organization
    for bring_up_to_date in (settle, settle_replays, settle_pages):
        bring_up_to_date(organization)
    catch_up(organization.builds, organization.clock.now())
    codec, templates = _codec(organization), organization.work_items.templates.items
    return {
        "format": FORMAT,
        "name": organization.name,
        "id": organization.id,
        "clock": {"start": timestamp(organization.clock.start), "now": timestamp(organization.clock.now())},
        **_switches(organization),
        "lag_seconds": {
            "work_items": organization.work_item_lag.total_seconds(),
            "code_search": organization.code_search_lag.total_seconds(),
        },
        "counters": {name: dict(counter) for name, counter in _counters(organization).items()},
        "latest_change": timestamp(organization.work_items.latest),
        "users": {user.unique_name: codec.record(user) for user in organization.users.values()},
        "groups": {group.name: codec.record(group) for group in organization.groups.values()},
        "permissions": _permissions(organization),
        "projects": {project.name: _project(codec, project) for project in organization.projects.values()},
        "areas_and_iterations": {
            "last_id": organization.work_items.trees.last_id,
            "roots": [_node(node) for node in organization.work_items.trees.roots()],
        },
        "pipelines": {str(d.id): codec.record(d) for d in organization.builds.definitions.values()},
        "builds": {str(build.id): codec.record(build) for build in organization.builds.builds.values()},
        "deleted_builds": {str(build.id): codec.record(build) for build in organization.builds.deleted.values()},
        "resources": codec.record(organization.resources),
        "deployment": codec.record(organization.deployment),
        "test_runs": {str(run.id): codec.record(run) for run in organization.test_runs.values()},
        **_where_any("test_plans", {str(plan.id): codec.record(plan) for plan in organization.test_plans.values()}),
        "pull_requests": {str(pr.id): codec.record(pr) for pr in organization.pull_requests.values()},
        "queries": {item.id: codec.record(item) for item in organization.work_items.queries.items.values()},
        **_where_any("templates", {key: codec.record(each) for key, each in templates.items()}),
        "attachments": {file.id: codec.record(file) for file in organization.work_items.attachments.values()},
        "work_items": {str(item.id): codec.record(item) for item in organization.work_items.items.values()},
        "operations": {operation.id: codec.record(operation) for operation in organization.operations.values()},
    }


def _where_any(name: str, records: JsonObject) -> JsonObject:
    """Return records under a name; nothing where there are none, so that older worlds stay the same."""
    return {name: records} if records else {}


def _counters(organization: Organization) -> dict[str, Counter[str]]:
    return {
        "organization": organization.counters,
        "builds": organization.builds.counters,
        "work_items": organization.work_items.counters,
    }


def _permissions(organization: Organization) -> JsonObject:
    def names(identity: str, project: str) -> JsonObject:
        where = organization.projects[project].name if project else None
        if group := organization.groups.get(identity):
            return {"group": group.name, "project": where}
        return {"user": organization.users[identity].unique_name, "project": where}

    return {
        "denied": [
            {**names(identity, project), "permission": permission, "within": within}
            for identity, permission, project, within in sorted(organization.denials)
        ],
        "hidden": [names(identity, project) for identity, project in sorted(organization.hidden)],
    }


def _project(codec: Codec, project: Project) -> JsonObject:
    repositories = {repository.name: codec.record(repository) for repository in project.repositories.values()}
    deleted = {
        name: {**codec.record(row, without=("repository",)), "repository": codec.record(row.repository)}
        for name, row in project.recycle_bin.items()
    }
    own = codec.record(project, without=("repositories", "recycle_bin", "hidden_repositories"))
    hidden = {repository.name: codec.record(repository) for repository in project.hidden_repositories.values()}
    # Only where there is one, so that worlds without wikis stay as they are.
    return {
        **own,
        "repositories": repositories,
        "recycle_bin": deleted,
        **({"hidden_repositories": hidden} if hidden else {}),
    }


def _node(node: Node) -> JsonObject:
    first: JsonObject = {"first_path": node.first_path} if node.first_path else {}
    return first | {
        "id": node.id,
        "name": node.name,
        "structure": node.structure,
        "project": node.project.name,
        "start": timestamp(node.start) if node.start else None,
        "finish": timestamp(node.finish) if node.finish else None,
        "children": [_node(child) for child in node.children],
    }


def import_world(world: JsonObject) -> Organization:
    """Return the organization of a world. It has no tokens yet.

    Raises:
        WorldError: the JSON is no world of this format.
    """
    if world.get("format") != FORMAT:
        raise WorldError(f"the world must have format {FORMAT}, but it has {world.get('format')!r}")
    try:
        return _read(world)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise error if isinstance(error, WorldError) else WorldError(f"the world is not complete: {error!r}") from error


def _switches(organization: Organization) -> JsonObject:
    return {
        "code_search_installed": organization.code_search_installed,
        "explains_expiry": organization.explains_expiry,
        "bearer_pats": organization.bearer_pats,
        # Only where it is off, so that worlds without this setting stay as they are.
        **({} if organization.artifact_ranges else {"artifact_ranges": False}),
    }


def _set_switches(organization: Organization, world: JsonObject) -> None:
    organization.code_search_installed = world["code_search_installed"] is True
    organization.explains_expiry = world["explains_expiry"] is True
    organization.bearer_pats = world.get("bearer_pats") is True
    organization.artifact_ranges = world.get("artifact_ranges", True) is True


def replace_world(organization: Organization, world: JsonObject) -> None:
    """Replace the contents of an organization by a world. Its tokens, faults and rate limit stay.

    Raises:
        WorldError: the JSON is no valid world. The organization is unchanged.
    """
    other = import_world(world)
    for token in organization.tokens.values():
        owner = other.user(token.user.unique_name)
        token.user = owner or other.add_user(token.user.display_name, token.user.unique_name, member=token.user.member)
    other.tokens, other.faults, other.throttle = organization.tokens, organization.faults, organization.throttle
    vars(organization).update(vars(other))


def _read(world: JsonObject) -> Organization:
    clock = _object(world["clock"])
    organization = Organization(str(world["name"]), str(world["id"]), Clock(_date(clock["start"])))
    organization.clock.set(_date(clock["now"]))
    _set_switches(organization, world)
    lag = cast("dict[str, float]", _object(world["lag_seconds"]))
    organization.work_item_lag = timedelta(seconds=lag["work_items"])
    organization.code_search_lag = timedelta(seconds=lag["code_search"])
    organization.work_items.latest = _date(world["latest_change"])
    for name, counter in _counters(organization).items():
        counter.update(cast("dict[str, int]", _object(_object(world["counters"])[name])))
    codec = _codec(organization)
    _read_people(organization, codec, world)
    for record in _object(world["projects"]).values():
        _read_project(organization, codec, _object(record))
    for number, record in _object(world["pipelines"]).items():
        organization.builds.definitions[int(number)] = codec.read(Definition, record)
    for number, record in _object(world["builds"]).items():
        organization.builds.builds[int(number)] = build = codec.read(Build, record)
        organization.builds.watch(build)
    for number, record in _object(world.get("deleted_builds", {})).items():
        organization.builds.deleted[int(number)] = codec.read(Build, record)
    organization.deployment = codec.read(DeploymentStore, world.get("deployment", {}))
    organization.resources = codec.read(PipelineResources, world.get("resources", {}))
    for number, record in _entries(world, "test_runs"):
        organization.test_runs[int(number)] = codec.read(TestRun, record)
    for number, record in _entries(world, "test_plans"):
        organization.test_plans[int(number)] = codec.read(TestPlan, record)
    for number, record in _object(world["pull_requests"]).items():
        organization.pull_requests[int(number)] = codec.read(PullRequest, record)
    _read_nodes(organization, _object(world["areas_and_iterations"]))
    _read_beside_work_items(organization, codec, world)
    for record in _object(world["work_items"]).values():
        organization.work_items.adopt(_with_shared_relations(codec.read(WorkItem, record)))
    for name, record in _object(world.get("operations", {})).items():
        organization.operations[name] = codec.read(Operation, record)
    _read_permissions(organization, _object(world["permissions"]))
    return organization


def _read_beside_work_items(organization: Organization, codec: Codec, world: JsonObject) -> None:
    store = organization.work_items
    store.queries.items |= {number: codec.read(SavedQuery, each) for number, each in _entries(world, "queries")}
    store.templates.items |= {number: codec.read(Template, each) for number, each in _entries(world, "templates")}
    store.attachments |= {number: codec.read(Attachment, each) for number, each in _entries(world, "attachments")}


def _entries(world: JsonObject, name: str) -> Iterable[tuple[str, JsonValue]]:
    """Return the records under a name, which older worlds do not have."""
    return _object(world.get(name, {})).items()


def _read_people(organization: Organization, codec: Codec, world: JsonObject) -> None:
    for record in _object(world["users"]).values():
        user = codec.read(User, record)
        organization.users[user.id] = user
    for record in _object(world.get("groups", {})).values():
        group = codec.read(Group, record)
        organization.groups[group.id] = group


def _read_project(organization: Organization, codec: Codec, record: JsonObject) -> None:
    repositories, recycle_bin = _object(record.pop("repositories")), _object(record.pop("recycle_bin", {}))
    hidden = _object(record.pop("hidden_repositories", {}))
    project = codec.read(Project, record)
    organization.projects[project.id] = project
    for below in repositories.values():
        repository = codec.read(Repository, below)
        project.repositories[repository.id] = repository
    for below in hidden.values():
        repository = codec.read(Repository, below)
        project.hidden_repositories[repository.id] = repository
    for name, below in recycle_bin.items():
        row = _object(below)
        repository = codec.read(Repository, row.pop("repository"))
        project.recycle_bin[name] = codec.read(DeletedRepository, row, repository=repository)


def _read_nodes(organization: Organization, record: JsonObject) -> None:
    trees = organization.work_items.trees
    trees.last_id = cast("int", record["last_id"])
    for root in cast("list[JsonObject]", record["roots"]):
        trees.adopt(_read_node(organization, root, None))


def _read_node(organization: Organization, record: JsonObject, parent: Node | None) -> Node:
    project = organization.project(str(record["project"]))
    if project is None:
        raise KeyError(record["project"])
    node = Node(
        cast("int", record["id"]),
        str(record["name"]),
        f"{parent.path}\\{record['name']}" if parent else str(record["name"]),
        "area" if record["structure"] == "area" else "iteration",
        project,
        parent,
        _date(record["start"]) if record["start"] else None,
        _date(record["finish"]) if record["finish"] else None,
        first_path=str(record.get("first_path", "")),
    )
    node.children = [_read_node(organization, below, node) for below in cast("list[JsonObject]", record["children"])]
    return node


def _read_permissions(organization: Organization, record: JsonObject) -> None:
    def ids(row: JsonObject) -> tuple[str, str | None]:
        project = organization.project(str(row["project"])) if row["project"] else None
        if "group" in row:
            identity = _only((g.id for g in organization.groups.values() if g.name == row["group"]), row["group"])
        else:
            identity = organization.named(str(row["user"])).id
        return identity, project.id if project else None

    for row in cast("list[JsonObject]", record["denied"]):
        identity, project = ids(row)
        organization.denials.add(Denial(identity, str(row["permission"]), project or "", str(row["within"])))
    for row in cast("list[JsonObject]", record["hidden"]):
        identity, project = ids(row)
        organization.hidden.add((identity, str(project)))


def _with_shared_relations(item: WorkItem) -> WorkItem:
    """Let the history hold the same relation objects as the item, so that a removal later shows in both."""
    held = {relation.id: relation for relation in item.all_relations}
    for update in item.updates:
        update.edited = [held[r.id] if held.get(r.id) == r else r for r in update.edited]
    return item


def _codec(organization: Organization) -> Codec:
    """Return the codec of an organization. References to users, projects, repositories and pipelines are names."""

    def repository(name: JsonValue) -> Repository:
        project, _, own = str(name).partition("/")
        found = organization.project(project)
        if found and own in found.recycle_bin:
            return found.recycle_bin[own].repository
        return organization.repository(project, own)

    def project(name: JsonValue) -> Project:
        return _only((known for known in organization.projects.values() if known.name == name), name)

    def user(name: JsonValue) -> User:
        return _only((known for known in organization.users.values() if known.unique_name == name), name)

    return Codec(
        names={
            User: lambda it: it.unique_name,
            Project: lambda it: it.name,
            Repository: lambda it: f"{it.project.name}/{it.id if it.deleted else it.name}",
            Definition: lambda it: it.id,
        },
        finds={
            User: user,
            Project: project,
            Repository: repository,
            Definition: lambda number: organization.builds.definitions[cast("int", number)],
        },
        writers={ObjectStore: write_objects, SoakLog: lambda it: {"soak_log": asdict(it)}},
        readers={
            ObjectStore: read_objects,
            AnyJson: lambda it: it,
            Sequence[str]: _read_lines,
            dict[str, FieldValue]: _read_fields,
        },
        namespace={"JsonObject": AnyJson},
    )


def _only(found: Iterator[T], name: JsonValue) -> T:
    for known in found:
        return known
    raise KeyError(name)


def _read_lines(value: JsonValue) -> Sequence[str]:
    if isinstance(value, Mapping):
        made = _object(value["soak_log"])
        return SoakLog(cast("int", made["lines"]), cast("int | None", made["error_at"]))
    return [str(line) for line in cast("list[str]", value)]


def _read_fields(value: JsonValue) -> dict[str, FieldValue]:
    """Read stored fields. The definition of a field tells whether its value is a date."""
    return {
        name: _date(below) if FIELDS[name].kind == "dateTime" else cast("FieldValue", below)
        for name, below in _object(value).items()
    }


def _object(value: JsonValue) -> JsonObject:
    if not isinstance(value, Mapping):
        raise WorldError(f"expected an object, found {value!r:.80}")
    return dict(value)


def _date(value: JsonValue) -> datetime:
    return datetime.fromisoformat(str(value))
