"""Find identities. Clients ask for them before they filter by a person."""

from __future__ import annotations

from azure_devops_simulator.api.call import Answer, Call, collection
from azure_devops_simulator.api.errors import ArgumentError
from azure_devops_simulator.api.routing import Area
from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.values import JsonObject, JsonValue

area = Area("ims")

_SEARCHES = {"general", "accountname", "displayname", "mailaddress", "directoryalias", "localgroupname"}


@area.get(
    "_apis/identities",
    scopes=("vso.identity",),
    query="descriptors filterValue identityIds searchFilter subjectDescriptors",
)
def read_identities(call: Call) -> Answer:
    """Return identities by id, by descriptor, or by a search. Unknown ones are left out."""
    people, query = call.organization.users.values(), call.query
    for name, known_as in (
        ("identityIds", lambda user: user.id),
        ("subjectDescriptors", lambda user: user.descriptor),
        ("descriptors", lambda user: descriptor_of(call.organization, user)),
    ):
        if wanted := {part.lower() for part in query.text(name).split(",") if part}:
            return collection(_identity(call, user) for user in people if known_as(user).lower() in wanted)
    kind, value = query.text("searchFilter").lower(), query.text("filterValue").lower()
    if kind not in _SEARCHES or not value:
        raise ArgumentError("The search factor is not valid.", "searchFilter")
    return collection(_identity(call, user) for user in people if _fits(user, kind, value))


def _fits(user: User, kind: str, value: str) -> bool:
    """Return whether a search finds a user. General compares the start of names, other filters one whole name."""
    name, account = user.display_name.lower(), user.unique_name.lower()
    if kind == "general":
        return name.startswith(value) or account.startswith(value) or any(w.startswith(value) for w in name.split())
    whole = {"displayname": name, "directoryalias": account.partition("@")[0], "localgroupname": ""}
    return value == whole.get(kind, account)


def descriptor_of(organization: Organization, user: User) -> str:
    """Return the descriptor that access control lists use."""
    return f"Microsoft.IdentityModel.Claims.ClaimsIdentity;{organization.id}\\{user.unique_name}"


def _identity(call: Call, user: User) -> JsonObject:
    properties = {"SchemaClassName": "User", "Account": user.unique_name, "Mail": user.unique_name}
    typed: dict[str, JsonValue] = {name: {"$type": "System.String", "$value": v} for name, v in properties.items()}
    return {
        "id": user.id,
        "descriptor": descriptor_of(call.organization, user),
        "subjectDescriptor": user.descriptor,
        "providerDisplayName": user.display_name,
        "isActive": user.member,
        "members": [],
        "memberOf": [],
        "memberIds": [],
        "properties": typed,
        "resourceVersion": 2,
        "metaTypeId": 0,
    }
