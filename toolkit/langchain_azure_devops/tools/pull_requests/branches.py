"""The branches that a pull request is from and to: whether they exist, and whether it is open already."""

from collections.abc import Collection, Mapping, Sequence

from pydantic import BaseModel, Field

from langchain_azure_devops.errors import AlreadyExists, InvalidRequest, NotFound, did_you_mean
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PathValues
from langchain_azure_devops.http.responses import Collection as Rows
from langchain_azure_devops.http.responses import decode
from langchain_azure_devops.safety.grants import as_subject
from langchain_azure_devops.tools.git import REPOSITORY, branch_ref
from langchain_azure_devops.tools.pull_requests.models import PullRequest

LIST = f"{REPOSITORY}/pullrequests"
"""The pull requests of a repository."""

_PAGE = 1000


class _Ref(BaseModel):
    name: str
    commit: str = Field(validation_alias="objectId")


async def read_branches(client: AzureDevOps, where: PathValues, wanted: Collection[str]) -> dict[str, str]:
    """Return the branches of a repository by their full names, with their commits.

    Args:
        client: Where to ask.
        where: The repository.
        wanted: Branches that are looked up for sure; of a repository with very many, not all others are returned.
    """
    refs = await _read_refs(client, where, "heads/")
    for ref in map(str, map(branch_ref, wanted)):
        if ref not in refs and (len(refs) >= _PAGE or not ref.startswith("refs/heads/")):
            refs |= await _read_refs(client, where, ref.removeprefix("refs/"))
    return refs


async def _read_refs(client: AzureDevOps, where: PathValues, prefix: str) -> dict[str, str]:
    answer = await client.get(f"{REPOSITORY}/refs", path=where, query={"filter": prefix, "$top": _PAGE})
    return {ref.name: ref.commit for ref in decode(answer, Rows[_Ref]).value}


def check_branches(repository: str, refs: Mapping[str, str], wanted: Sequence[str]) -> None:
    """Refuse branches that are not there.

    Raises:
        InvalidRequest: They are one and the same.
        NotFound: One of them is not there; near ones are named.
    """
    names = [name.removeprefix("refs/heads/") for name in refs if name.startswith("refs/heads/")]
    if missing := [each for each in wanted if str(branch_ref(each)) not in refs]:
        near = did_you_mean(missing[0].removeprefix("refs/heads/"), names)
        listed = " and no branch ".join(map(repr, missing))
        raise NotFound(
            f"Nothing was changed: repository {repository!r} has no branch {listed}.{near} Branches are "
            "listed by list_branches.",
            subject=as_subject(missing[0]),
        )
    if len({branch_ref(each) for each in wanted}) < len(wanted):
        raise InvalidRequest(
            f"Nothing was changed: {wanted[0]!r} cannot be merged into itself. Give another source or target.",
            subject="target",
        )


async def check_unique(client: AzureDevOps, where: PathValues, source: str, target: str) -> None:
    """Refuse a second active pull request between two branches: the service allows one.

    Raises:
        AlreadyExists: There is one; the message names it.
    """
    names = {"sourceRefName": branch_ref(source), "targetRefName": branch_ref(target)}
    criteria = {f"searchCriteria.{name}": value for name, value in names.items()}
    answer = await client.get(LIST, path=where, query={"searchCriteria.status": "active", **criteria})
    if rows := decode(answer, Rows[PullRequest]).value:
        raise AlreadyExists(
            f"No pull request was opened: an active one from {source!r} to {target!r} exists already. It is pull "
            f"request {rows[0].id}; update_pull_request changes it.",
            subject=str(rows[0].id),
        )
