"""Find the one person or group that an id, an e-mail address or a name means."""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

from pydantic import AliasPath, BaseModel, BeforeValidator, Field

from langchain_azure_devops.errors import InvalidRequest, NotFound, ScopeMissing, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import QueryValue
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.git import GUID
from langchain_azure_devops.tools.projects import identity_queries

_MOST_NAMED = 10
_START = 2
"""How many letters of an unknown name are searched for, to find those that are written in nearly the same way."""


def _text(value: object) -> str:
    return one_line(value) if isinstance(value, str) else ""


_Text = Annotated[str, BeforeValidator(_text)]


class _Identity(BaseModel):
    id: str
    name: _Text = Field(default="", validation_alias="providerDisplayName")
    own_name: _Text = Field(default="", validation_alias="customDisplayName")
    account: _Text = Field(default="", validation_alias=AliasPath("properties", "Account", "$value"))
    mail: _Text = Field(default="", validation_alias=AliasPath("properties", "Mail", "$value"))
    active: bool | None = Field(default=True, validation_alias="isActive")
    container: bool = Field(default=False, validation_alias="isContainer")
    descriptor: str | None = None
    subject: str | None = Field(default=None, validation_alias="subjectDescriptor")

    @property
    def person(self) -> "Person":
        """Who this is. The account of a group is its name without the project, so it is another name of it."""
        name = self.own_name or self.name
        others = (self.descriptor or "", self.subject or "", self.account)
        return Person(self.id, name, "" if self.container else self.mail or self.account, others)


class _Asked(BaseModel):
    """A reviewer with the names by which a call may mean this one."""

    id: str
    name: _Text = Field(default="", validation_alias="displayName")
    account: _Text = Field(default="", validation_alias="uniqueName")


class _Reviewers(BaseModel):
    reviewers: OrNone[_Asked] = Field(default=[])


class Person(NamedTuple):
    """Somebody who can review."""

    id: str
    name: str
    account: str
    others: tuple[str, ...] = ()
    """Further names by which this one may be meant, such as descriptors."""

    @property
    def words(self) -> str:
        """What a person knows this one by."""
        return f"{self.name} <{self.account}>" if self.account else self.name or self.id

    def is_called(self, wanted: str) -> bool:
        """Return whether this is the whole name, e-mail address, id or descriptor of this one."""
        names = {name.casefold() for name in (self.id, self.name, self.account, *self.others)}
        return wanted.casefold() in names - {""}


async def list_reviewers(client: AzureDevOps, number: int) -> list[Person]:
    """Return the people who are asked to review a pull request."""
    answer = await client.get("/_apis/git/pullrequests/{pull_request}", path={"pull_request": number})
    return [Person(each.id, each.name, each.account) for each in decode(answer, _Reviewers).reviewers]


def find_reviewer(there: Sequence[Person], wanted: str) -> Person | None:
    """Return the reviewer that a call means; None when it is none of them.

    Raises:
        InvalidRequest: Several have this name.
    """
    return _choose([person for person in there if person.is_called(wanted)], wanted)


async def find_person(client: AzureDevOps, wanted: str) -> Person:
    """Return the one person or group that a whole name, e-mail address, id or descriptor means.

    A part of a name is not enough: a write must not concern somebody who was not named.

    Raises:
        InvalidRequest: Several have this name; the message names them.
        NotFound: Nobody has it; the message names the near ones.
        ScopeMissing: The token may not look people up.
    """
    text = wanted.strip()
    if text.lower() in {"@me", "me"} and (owner := await client.identity()) is not None:
        return Person(owner.id, owner.name, owner.unique_name)
    try:
        found = await _search(client, identity_queries(text))
        if person := _choose([person for person in found if person.is_called(text)], wanted):
            return person
        raise await _unknown_person(client, text, found)
    except ScopeMissing as error:
        if GUID.fullmatch(text):
            return Person(text.lower(), "", "")
        raise ScopeMissing(
            f"{wanted!r} cannot be looked up: finding people by name or e-mail address needs a token with "
            f"{Scope.IDENTITY.value}. Give the id instead, which list_team_members shows.",
            subject=Scope.IDENTITY.value,
        ) from error


async def _search(client: AzureDevOps, queries: Sequence[Mapping[str, QueryValue]]) -> list[Person]:
    """Return everybody whom the first search that finds somebody finds."""
    for query in queries:
        answer = await client.get("/_apis/identities", query=query, area="identity")
        # Where an id is unknown, the list has a null.
        rows = [row for row in decode(answer, Collection[_Identity | None]).value if row and row.active is not False]
        if rows:
            return [row.person for row in rows]
    return []


async def _unknown_person(client: AzureDevOps, wanted: str, found: list[Person]) -> NotFound:
    """Return the error for a name that nobody has as a whole, with those whose names begin like it."""
    near = found
    if not found and not GUID.fullmatch(wanted) and (start := wanted[:_START].strip()):
        alike = await _search(client, [{"searchFilter": "General", "filterValue": start}])
        # A part of a name is compared as well, so that a wrong letter in a first name is enough.
        near = [person for person in alike if did_you_mean(wanted, [person.name, *person.name.split()])]
    named = f" Did you mean {_list(near)}?" if near else ""
    return NotFound(
        f"There is nobody called {wanted!r} in this organization.{named} Give a whole name or e-mail address, an id or "
        "a descriptor; search_identities finds people by the start of a name.",
        subject=as_subject(wanted),
    )


def _list(people: Sequence[Person]) -> str:
    names = ", ".join(f"{person.words} ({person.id})" for person in people[:_MOST_NAMED])
    return f"{names} and {len(people) - _MOST_NAMED} others" if len(people) > _MOST_NAMED else names


def _choose(found: Sequence[Person], wanted: str) -> Person | None:
    if len(found) > 1:
        raise InvalidRequest(
            f"{wanted!r} may mean several: {_list(found)}. Give an e-mail address or id.", subject=as_subject(wanted)
        )
    return found[0] if found else None
