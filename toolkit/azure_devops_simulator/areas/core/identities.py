"""Find identities: people, groups and teams. Clients ask for them before they filter by a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zlib import crc32

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import Group, User
from azure_devops_simulator.state.projects import Project, Team
from azure_devops_simulator.state.values import JsonObject, JsonValue, guid

area = Area("ims")

_UP, _DOWN = {"direct", "expanded", "expandedup"}, {"direct", "expanded", "expandeddown"}
"""The values of `queryMembership` that ask for the groups of an identity, and for its members."""


@dataclass(frozen=True)
class Identity:
    """A person or a group. `names` are what a search may name, by the kind of the search in lower case."""

    id: str
    descriptor: str
    subject: str
    name: str
    names: dict[str, str]
    starts: tuple[str, ...]
    """A general search names the start of one of these."""
    properties: dict[str, str]
    active: bool = True
    container: bool = False


_LOOKUPS: dict[str, Callable[[Identity], str]] = {
    "identityIds": lambda identity: identity.id,
    "subjectDescriptors": lambda identity: identity.subject,
    "descriptors": lambda identity: identity.descriptor,
}


@area.get(
    "_apis/identities",
    scopes=("vso.identity",),
    query="descriptors filterValue identityIds queryMembership searchFilter subjectDescriptors",
)
def read_identities(call: Call) -> Answer:
    """Return identities by id, by descriptor, or by a search. Unknown ones are left out."""
    known, query = [*_people(call), *(group for group, _ in _groups(call))], call.query
    for name, known_as in _LOOKUPS.items():
        if wanted := {part.lower() for part in query.words(name)}:
            return collection(_body(call, one) for one in known if known_as(one).lower() in wanted)
    kind, value = query.text("searchFilter").lower(), query.text("filterValue").lower()
    if kind not in {"general", "accountname", "displayname", "mailaddress", "directoryalias", "localgroupname"}:
        raise ArgumentError("The search factor is not valid.", "searchFilter")
    if not value:
        raise ArgumentError("The search factor is not valid.", "filterValue")
    if kind == "general":
        return collection(_body(call, one) for one in known if any(s.lower().startswith(value) for s in one.starts))
    return collection(_body(call, one) for one in known if one.names.get(kind, "").lower() == value)


def descriptor_of(organization: Organization, user: User) -> str:
    """Return the descriptor that access control lists use."""
    return f"Microsoft.IdentityModel.Claims.ClaimsIdentity;{organization.id}\\{user.unique_name}"


def identity_of_team(project: Project, team: Team) -> JsonObject:
    """Return a team as an identity, without its members."""
    return _plain(_group(project.name, team))


def find_group(call: Call, wanted: str) -> tuple[Identity, list[User]] | None:
    """Return the team or group with an id and its members, or None when the caller sees none."""
    return next((found for found in _groups(call) if found[0].id == wanted.lower()), None)


def _people(call: Call) -> Iterator[Identity]:
    for user in call.organization.users.values():
        account, name = user.unique_name, user.display_name
        yield Identity(
            user.id,
            descriptor_of(call.organization, user),
            user.descriptor,
            name,
            {
                "accountname": account,
                "mailaddress": account,
                "displayname": name,
                "directoryalias": account.partition("@")[0],
            },
            (name, account, *name.split()),
            {"SchemaClassName": "User", "Account": account, "Mail": account},
            active=user.member,
        )


def _groups(call: Call) -> Iterator[tuple[Identity, list[User]]]:
    """Yield the teams that the caller can see and the groups of the organization, with their members."""
    for project in call.organization.visible_projects(call.user):
        yield from ((_group(project.name, team), team.members) for team in project.teams)
    for group in call.organization.groups.values():
        yield _group(call.organization.name, group), group.members


def _group(scope: str, group: Team | Group) -> Identity:
    """Return the identity of a team, whose scope is its project, or of a group of the organization."""
    number = "-".join(str(crc32(f"{group.id}/{part}".encode())) for part in range(4))
    name = f"[{scope}]\\{group.name}"
    names = {"displayname": name, "localgroupname": name, "accountname": group.name}
    properties = {"SchemaClassName": "Group", "Account": group.name, "Description": group.description}
    subject = f"vssgp.{guid(f'group/{group.id}').replace('-', '')}"
    descriptor = f"Microsoft.TeamFoundation.Identity;S-1-9-1551374245-{number}"
    return Identity(group.id, descriptor, subject, name, names, (name, group.name), properties, container=True)


def _plain(identity: Identity) -> JsonObject:
    typed: dict[str, JsonValue] = {
        name: {"$type": "System.String", "$value": value} for name, value in identity.properties.items()
    }
    body: JsonObject = {
        "id": identity.id,
        "descriptor": identity.descriptor,
        "subjectDescriptor": identity.subject,
        "providerDisplayName": identity.name,
        "members": [],
        "memberOf": [],
        "memberIds": [],
        "properties": typed,
        "resourceVersion": 2,
        "metaTypeId": 0,
    }
    # The service leaves out what is false, for example for somebody who is no longer a member of the organization.
    return body | {
        name: True for name, told in (("isActive", identity.active), ("isContainer", identity.container)) if told
    }


def _body(call: Call, identity: Identity) -> JsonObject:
    """Return an identity with its groups and members as far as `queryMembership` asks for them."""
    body, asked = _plain(identity), call.query.text("queryMembership").lower()
    pairs = [(group, user) for group, members in _groups(call) for user in members]
    if asked in _UP:
        body["memberOf"] = [group.descriptor for group, user in pairs if user.id == identity.id]
    if asked in _DOWN:
        members = [user for group, user in pairs if group.id == identity.id]
        body["members"] = [descriptor_of(call.organization, user) for user in members]
        body["memberIds"] = [user.id for user in members]
    return body
