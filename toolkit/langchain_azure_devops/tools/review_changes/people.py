"""Find the one person or group that an id, an e-mail address or a name means."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import AliasPath, BaseModel, BeforeValidator, Field

from langchain_azure_devops.errors import InvalidRequest, NotFound, ScopeMissing
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.responses import Collection, OrNone, decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.scopes import Scope
from langchain_azure_devops.text.untrusted import one_line
from langchain_azure_devops.tools.git import GUID

_MOST_NAMED = 10


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

    @property
    def words(self) -> str:
        """What a person knows this one by."""
        return f"{self.name} <{self.account}>" if self.account else self.name or self.id

    def is_called(self, wanted: str) -> bool:
        """Return whether this is the whole name, e-mail address or id of this one."""
        return wanted.casefold() in {self.id.casefold(), self.name.casefold(), self.account.casefold()} - {""}


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
    """Return the one person or group that a whole id, e-mail address or name means, or the start of a name.

    Raises:
        InvalidRequest: It may mean several; the message names them.
        NotFound: It means nobody.
        ScopeMissing: The token may not look people up.
    """
    text = wanted.strip()
    if text.lower() in {"@me", "me"} and (owner := await client.identity()) is not None:
        return Person(owner.id, owner.name, owner.unique_name)
    try:
        found = await _search(client, text)
    except ScopeMissing as error:
        if GUID.fullmatch(text):
            return Person(text.lower(), "", "")
        raise ScopeMissing(
            f"{wanted!r} cannot be looked up: finding people by name or e-mail address needs a token with "
            f"{Scope.IDENTITY.value}. Give the id instead, which list_team_members shows.",
            subject=Scope.IDENTITY.value,
        ) from error
    exact = [person for person in found if person.is_called(text)]
    if (person := _choose(exact or found, wanted)) is None:
        raise NotFound(
            f"There is nobody called {wanted!r} in this organization. Give the start of a name, a whole e-mail "
            "address or an id; search_identities finds people.",
            subject=as_subject(wanted),
        )
    return person


async def _search(client: AzureDevOps, text: str) -> list[Person]:
    by = {"identityIds": text} if GUID.fullmatch(text) else {"searchFilter": "General", "filterValue": text}
    searches = [by, {"searchFilter": "MailAddress", "filterValue": text}] if "@" in text else [by]
    for query in searches:
        answer = await client.get("/_apis/identities", query=query, area="identity")
        # Where an id is unknown, the list has a null.
        rows = [row for row in decode(answer, Collection[_Identity | None]).value if row and row.active is not False]
        if rows:
            return [Person(row.id, row.own_name or row.name, row.mail or row.account) for row in rows]
    return []


def _choose(found: Sequence[Person], wanted: str) -> Person | None:
    if len(found) > 1:
        names = ", ".join(f"{person.words} ({person.id})" for person in found[:_MOST_NAMED])
        more = f" and {len(found) - _MOST_NAMED} others" if len(found) > _MOST_NAMED else ""
        raise InvalidRequest(
            f"{wanted!r} may mean several: {names}{more}. Give an e-mail address or id.", subject=as_subject(wanted)
        )
    return found[0] if found else None
