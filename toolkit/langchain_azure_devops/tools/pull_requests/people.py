"""Find out who is meant by a name, an e-mail address or an id, where a token for code cannot look people up."""

from pydantic import AliasPath, BaseModel, Field

from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.tools.git import GUID


class Person(BaseModel):
    """Somebody whom the service names in an answer."""

    name: str = Field(default="", validation_alias=AliasPath("displayName"))
    unique_name: str = Field(default="", validation_alias=AliasPath("uniqueName"))
    id: str = ""


def is_person(wanted: str, person: Person) -> bool:
    """Return whether a part of a name, a whole e-mail address or an id means a person."""
    text = wanted.lower()
    return text in person.name.lower() or text in (person.unique_name.lower(), person.id.lower())


async def find_person_id(client: AzureDevOps, person: str | None) -> str | None:
    """Return an id by which the service can filter, also for @Me; None for a name."""
    if person is not None and person.lower() in {"@me", "me"}:
        identity = await client.identity()
        return identity.id if identity else None
    return person if person is not None and GUID.fullmatch(person) else None
