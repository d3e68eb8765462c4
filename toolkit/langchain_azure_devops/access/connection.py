"""Verify a connection: find out whether the settings work, who the token belongs to, and which scopes it has."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx

from langchain_azure_devops.errors import (
    AzureDevOpsError,
    NotSignedIn,
    OrganizationNotFound,
    PermissionDenied,
    ProjectNotFound,
    ScopeMissing,
    SignInRequired,
    TokenRejected,
    did_you_mean,
)
from langchain_azure_devops.http.client import AzureDevOps
from langchain_azure_devops.http.request import PROBES, QueryValue
from langchain_azure_devops.http.responses import Identity
from langchain_azure_devops.safety.grants import ToolCall, current_call
from langchain_azure_devops.scopes import INCLUDES, Scope, expand, implying

_NOBODY = "00000000-0000-0000-0000-000000000000"


class Probe(NamedTuple):
    """A cheap GET, whose kind of answer tells whether the token has a scope.

    Attributes:
        template: The route.
        path: The values of its placeholders; the project is added.
        query: Its query.
        area: The area of the service that serves it.
    """

    template: str
    path: Mapping[str, str | int | None] = {}
    query: Mapping[str, QueryValue] = {}
    area: str = "core"


READ_PROBES: Mapping[Scope, Probe] = {
    Scope.CODE: Probe("/_apis/git/repositories/{repository}", {"repository": _NOBODY}),
    Scope.WORK: Probe("/_apis/wit/fields/{field}", {"field": "System.Id"}),
    Scope.BUILD: Probe("/{project}/_apis/build/builds/{build}", {"build": 2147483647}),
    Scope.IDENTITY: Probe("/_apis/identities", query={"identityIds": _NOBODY}, area="identity"),
    Scope.TEST: Probe("/{project}/_apis/test/runs/{run}/results", {"run": 2147483647}),
    Scope.VARIABLEGROUPS_READ: Probe(
        "/{project}/_apis/distributedtask/variablegroups", query={"groupName": _NOBODY, "$top": 1}
    ),
    Scope.SERVICEENDPOINT: Probe("/{project}/_apis/serviceendpoint/endpoints", query={"endpointNames": _NOBODY}),
    Scope.AGENTPOOLS: Probe("/_apis/distributedtask/pools", query={"poolName": _NOBODY}),
    Scope.WIKI: Probe("/{project}/_apis/wiki/wikis/{wiki}", {"wiki": _NOBODY}),
    Scope.ENVIRONMENT_MANAGE: Probe("/{project}/_apis/pipelines/environments", query={"name": _NOBODY, "$top": 1}),
}
"""The probe for each scope that the tools need to read."""


@dataclass(frozen=True)
class Connection:
    """The result of `verify`. Reading it sends no request.

    Attributes:
        error: Why there is no usable connection; None when there is one.
        organization: The bare name.
        url: The URL of the organization.
        credential_source: The source of the token.
        identity: The owner of the token, if the service knows it.
        default_project: The default project of the settings.
        projects: Names of the visible projects, at most 1,000.
        learnt: The scopes that the token has, each with the way in which `verify` learnt it.
        missing: The scopes that the token lacks, each with the way in which `verify` learnt it.
        unknown: The scopes that `verify` could not check, each with the reason. Writes count them as missing.
        hints: Warnings about a connection that works.
    """

    organization: str
    url: str
    credential_source: str
    error: AzureDevOpsError | None = None
    identity: Identity | None = None
    default_project: str | None = None
    projects: tuple[str, ...] = ()
    learnt: Mapping[Scope, str] = field(default_factory=dict)
    missing: Mapping[Scope, str] = field(default_factory=dict)
    unknown: Mapping[Scope, str] = field(default_factory=dict)
    hints: tuple[str, ...] = ()

    @property
    def connected(self) -> bool:
        """Whether the organization accepted this token."""
        return self.error is None

    @property
    def status(self) -> str:
        """The state in one word: `connected`, or the name of the error's class."""
        return "connected" if self.error is None else type(self.error).__name__

    @property
    def exit_code(self) -> int:
        """The exit code of `azure-devops-agent verify`."""
        return 0 if self.error is None else self.error.exit_code

    @property
    def scopes(self) -> frozenset[Scope]:
        """The scopes that the token is known to have."""
        return frozenset(self.learnt)


async def verify(client: AzureDevOps) -> Connection:
    """Find out whether the settings work. Return every state that has a name, and raise none of them.

    It asks who is signed in (`GET /_apis/connectionData`), lists the projects (`GET /_apis/projects`), and then probes
    the scopes that the tools need. It sends no probe for a write when the client only reads or when only scopes for
    reading were declared. All of it together takes no longer than one call may.
    """
    return await client.run(_verify_in_time(client))


async def _verify_in_time(client: AzureDevOps) -> Connection:
    token = current_call.set(ToolCall("verify", (), deadline=time.monotonic() + client.context.timeouts.call))
    try:
        return await _verify(client)
    finally:
        current_call.reset(token)


async def _verify(client: AzureDevOps) -> Connection:
    settings = client.settings
    base = Connection(
        organization=settings.organization,
        url=settings.url("core"),
        credential_source=settings.credential_source,
        default_project=settings.default_project,
    )
    try:
        identity = await client.fetch_identity()
    except AzureDevOpsError as error:
        return _change(base, error=await _explain_sign_in_error(client, error))
    hints: list[str] = []
    try:
        projects = await client.project_names(strict=True)
        if not projects:
            hints.append("The token can list projects, but sees none, because its owner is a member of no project.")
    except ScopeMissing:
        projects = []
        hints.append(
            "The token cannot list projects, so names of projects cannot be checked. Add the scope 'Project and Team "
            "(Read)' (vso.project) to get suggestions and a list of the projects."
        )
        missing_project = {Scope.PROJECT: "refused", Scope.PROFILE: "refused"}
    except AzureDevOpsError as error:
        return _change(base, identity=identity, error=error)
    else:
        missing_project = {}
    found = _change(base, identity=identity, projects=tuple(projects))
    try:
        await _check_default_project(client, projects)
    except AzureDevOpsError as error:
        return _change(found, error=error)
    learnt, missing, unknown = await _probe_scopes(client, projects, missing_project)
    hints.append("A token's expiry date cannot be read with the token itself: note it when you make one.")
    found = _change(found, learnt=learnt, missing=missing, unknown=unknown, hints=tuple(hints))
    return _change(found, error=_find_shortfall(client, found))


def _change(connection: Connection, **changes: object) -> Connection:
    return Connection(**{**connection.__dict__, **changes})


# -- organization or token -----------------------------------------------------------------------------------------


async def _explain_sign_in_error(client: AzureDevOps, error: AzureDevOpsError) -> AzureDevOpsError:
    """Return the error of a failed sign-in, after asking whether the organization exists at all."""
    if not isinstance(error, NotSignedIn | OrganizationNotFound):
        return error
    name = client.settings.organization
    exists = await client.organization_exists()
    if exists is False:
        return OrganizationNotFound(
            f"There is no organization {name!r}. Check the spelling: it is the 'name' in https://dev.azure.com/name.",
            subject=name,
        )
    if exists is None and isinstance(error, TokenRejected | SignInRequired):
        return type(error)(
            f"{error.message} It is not known whether the organization {name!r} exists: check its name, too.",
            subject=error.subject,
        )
    return error


async def _check_default_project(client: AzureDevOps, visible: list[str]) -> None:
    wanted = client.settings.default_project
    if wanted is None or wanted.lower() in {name.lower() for name in visible}:
        return
    response = await client.get_any("/_apis/projects/{name}", {"name": wanted})
    if response.status_code == 200 or (response.status_code == 401 and not visible):
        return
    if response.status_code == 403:
        raise PermissionDenied(
            f"The token's owner may not see the default project {wanted!r}. Ask for membership in one of its teams.",
            subject=wanted,
        )
    hint = did_you_mean(wanted, visible, cutoff=0.5)
    listed = f" Visible projects: {', '.join(visible[:20])}." if visible and not hint else ""
    raise ProjectNotFound(
        f"The default project {wanted!r} does not exist, or this token's owner may not see it.{hint}{listed} "
        "Set AZURE_DEVOPS_PROJECT or --project to one of the visible projects.",
        subject=wanted,
    )


# -- scopes --------------------------------------------------------------------------------------------------------


async def _probe_scopes(
    client: AzureDevOps, projects: list[str], known_missing: Mapping[Scope, str]
) -> tuple[dict[Scope, str], dict[Scope, str], dict[Scope, str]]:
    """Return the scopes that the token has, those that it lacks, and those that could not be checked."""
    declared = client.settings.declared_scopes
    learnt: dict[Scope, str] = {} if known_missing else {Scope.PROJECT: "confirmed by listing projects"}
    missing, unknown = dict(known_missing), {}
    if declared is not None:
        for scope in expand(declared):
            learnt.setdefault(scope, "declared" if scope in declared else "declared, by inclusion")
    answers = await asyncio.gather(*(_probe(client, scope, projects) for scope in _choose_probes(client, declared)))
    for scope, answer in answers:
        if answer is True:
            for included in expand((scope,)):
                learnt[included] = "confirmed by a probe" if included == scope else f"included in {scope.value}"
        elif answer is False:
            missing[scope] = "refused by a probe"
        else:
            unknown[scope] = answer
            if declared is None:
                learnt.pop(scope, None)
    for scope, reason in list(missing.items()):
        if scope is Scope.PROFILE:
            # Code, build and work include it only by way of service hooks: their own probes say more.
            continue
        for broader in implying(scope):
            learnt.pop(broader, None)
            missing.setdefault(broader, f"it would include {scope.value}, which is {reason}")
    return learnt, missing, unknown


def _choose_probes(client: AzureDevOps, declared: frozenset[Scope] | None) -> list[Scope]:
    """Return the scopes to probe: those for reading, and those for writing that could bring a tool."""
    writes = [Scope(name) for name in PROBES]
    if client.read_only:
        return list(READ_PROBES)
    if declared is not None:
        writes = [scope for scope in writes if scope in expand(declared)]
    return [*READ_PROBES, *writes]


async def _probe(client: AzureDevOps, scope: Scope, projects: list[str]) -> tuple[Scope, bool | str]:
    """Return whether the token has a scope, or a text that says why this is not known."""
    first = await _probe_once(client, scope, projects)
    # A lone empty 401 was seen amid successes with the same token: one answer of that kind is not enough.
    return scope, await _probe_once(client, scope, projects) if first is False else first


async def _probe_once(client: AzureDevOps, scope: Scope, projects: list[str]) -> bool | str:
    try:
        project = client.settings.default_project or (projects[0] if projects else None)
        template = READ_PROBES[scope].template if scope in READ_PROBES else PROBES[scope.value][0].template
        if "{project}" in template and project is None:
            return "no project is visible to probe it in"
        if scope in READ_PROBES:
            probe = READ_PROBES[scope]
            path = {**probe.path, "project": project}
            response = await client.get_any(probe.template, path, query=probe.query, area=probe.area)
        else:
            response = await client.probe(scope.value, project)
    except AzureDevOpsError as error:
        return error.message
    return _judge_probe(response)


def _judge_probe(response: httpx.Response) -> bool | str:
    if "x-vss-userdata" in response.headers and response.status_code not in {401, 429}:
        return True
    if response.status_code == 401 and not response.content:
        return False
    return f"the service answered {response.status_code}, which says nothing about the scope"


def _find_shortfall(client: AzureDevOps, found: Connection) -> AzureDevOpsError | None:
    """Return the error of a connection that works, but lacks a declared scope or every scope."""
    declared = client.settings.declared_scopes or frozenset()
    lacking = sorted(scope.value for scope in declared if scope in found.missing)
    if lacking:
        return ScopeMissing(
            f"The token lacks {', '.join(lacking)}, although it was declared. Make a token with this scope, or correct "
            "AZURE_DEVOPS_SCOPES.",
            subject=lacking[0],
        )
    if not found.learnt and not found.unknown:
        return ScopeMissing(
            "The token is valid, but has none of the scopes that the tools need. Make one with at least 'Code (Read)'; "
            "'azure-devops-agent scopes' lists the scopes that each tool needs."
        )
    return None


def narrowest_scope(scopes: Iterable[Scope]) -> Scope:
    """Return the scope that allows least: the one to ask for when any one of them suffices."""
    return min(scopes, key=lambda scope: (len(expand((scope,))), scope not in INCLUDES))
