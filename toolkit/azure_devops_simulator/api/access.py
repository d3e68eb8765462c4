"""Credentials, scopes with what they include, and the answers to callers who are not signed in."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import quote

from azure_devops_simulator.state.organization import Organization
from azure_devops_simulator.state.people import ANONYMOUS_ID, FULL_ACCESS, Token, User

ANONYMOUS = User(ANONYMOUS_ID, "Anonymous", "", f"sps.{ANONYMOUS_ID.replace('-', '')}", member=False)
"""The user of a request without a usable credential."""

NO_TOKEN = Token("", frozenset(), ANONYMOUS)
"""The token of a request without a usable credential."""

SIGN_IN_PATH = "_signin"

INCLUDES: dict[str, tuple[str, ...]] = {
    "advsec_write": ("advsec",),
    "advsec_manage": ("advsec_write",),
    "agentpools_manage": ("agentpools",),
    "environment_manage": ("agentpools_manage",),
    "machinegroup_manage": ("agentpools_manage",),
    "auditstreams_manage": ("auditlog",),
    "build": ("hooks_write",),
    "build_execute": ("build",),
    "code": ("hooks_write",),
    "code_write": ("code",),
    "code_manage": ("code_write",),
    "code_full": ("code_manage",),
    "dashboards_manage": ("dashboards",),
    "extension": ("profile",),
    "extension_manage": ("extension",),
    "extension.data_write": ("extension.data",),
    "gallery_acquire": ("gallery",),
    "gallery_publish": ("gallery_acquire",),
    "gallery_manage": ("gallery_publish",),
    "githubconnections_manage": ("githubconnections",),
    "graph_manage": ("graph",),
    "hooks": ("profile",),
    "hooks_write": ("hooks",),
    "identity_manage": ("identity",),
    "memberentitlementmanagement_write": ("memberentitlementmanagement",),
    "notification": ("profile",),
    "notification_write": ("notification",),
    "notification_manage": ("notification_write",),
    "packaging_write": ("packaging",),
    "packaging_manage": ("packaging_write",),
    "pipelineresources_manage": ("pipelineresources_use",),
    "profile_write": ("profile",),
    "project_write": ("project",),
    "project_manage": ("project_write",),
    "release_execute": ("release",),
    "release_manage": ("release_execute",),
    "securefiles_write": ("securefiles_read",),
    "securefiles_manage": ("securefiles_write",),
    "serviceendpoint": ("profile",),
    "serviceendpoint_query": ("serviceendpoint",),
    "serviceendpoint_manage": ("serviceendpoint_query",),
    "settings_write": ("settings",),
    "symbols_write": ("symbols",),
    "symbols_manage": ("symbols_write",),
    "taskgroups_write": ("taskgroups_read",),
    "taskgroups_manage": ("taskgroups_write",),
    "test": ("profile",),
    "test_write": ("test",),
    "variablegroups_write": ("variablegroups_read",),
    "variablegroups_manage": ("variablegroups_write",),
    "wiki_write": ("wiki",),
    "work": ("hooks_write",),
    "work_write": ("work",),
    "work_full": ("work_write",),
}
"""Which scopes a scope includes (without `vso.`), one step each."""

UNSERVED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "alert": (("vso.advsec",), ("vso.advsec_write",)),
    "audit": (("vso.auditlog",), ("vso.auditstreams_manage",)),
    "extensionmanagement": (("vso.extension",), ("vso.extension_manage",)),
    "graph": (("vso.graph",), ("vso.graph_manage",)),
    "hooks": (("vso.work", "vso.build", "vso.code"), ("vso.work", "vso.build", "vso.code")),
    "packaging": (("vso.packaging",), ("vso.packaging_write",)),
    "release": (("vso.release",), ("vso.release_execute",)),
    "testplan": (("vso.test",), ("vso.test_write",)),
    "tokens": ((), ()),
    "work": (("vso.work",), ("vso.work_write",)),
}
"""Areas without routes, and the scopes their reads and writes need: a missing scope shows before a missing route."""


_ALONE = (
    "analytics",
    "code_status",
    "connected_server",
    "entitlements",
    "hooks_interact",
    "notification_diagnostics",
    "security_manage",
    "threads_full",
    "tokens",
    "tokenadministration",
)
"""Scopes that neither include others nor are included."""

SCOPES = frozenset({*INCLUDES, *(scope for included in INCLUDES.values() for scope in included), *_ALONE})
"""Every scope of the service, without `vso.`."""


def check_scopes(scopes: Iterable[str]) -> None:
    """Refuse scopes that the service does not have. A token with a misspelt scope would be denied everything.

    Raises:
        ValueError: the message names the unknown scopes.
    """
    names = (scope.strip().removeprefix("vso.") for scope in scopes)
    unknown = [name for name in names if name and name != FULL_ACCESS and name not in SCOPES]
    if unknown:
        raise ValueError(f"unknown scopes: {', '.join(unknown)}; {FULL_ACCESS} is full access")


def expand(scopes: Iterable[str]) -> frozenset[str]:
    """Return all scopes that these scopes include, with `vso.` and themselves included. `app_token` stays as it is."""
    reached: set[str] = set()
    waiting = list(scopes)
    while waiting:
        scope = waiting.pop()
        if scope in reached:
            continue
        reached.add(scope)
        waiting += [f"vso.{included}" for included in INCLUDES.get(scope.removeprefix("vso."), ())]
    return frozenset(reached)


def allowed(token: Token, scopes: tuple[str, ...]) -> bool:
    """Return whether the token may use an operation that needs any one of these scopes."""
    if not scopes or FULL_ACCESS in token.scopes:
        return True
    return not expand(token.scopes).isdisjoint(scopes)


class SignIn(Enum):
    """The result of checking the credential."""

    GOOD = auto()
    ANONYMOUS = auto()
    """No credential, or one that the service does not know."""
    MALFORMED = auto()
    """Basic without a colon. The service shows its sign-in page."""
    DEAD = auto()
    """An expired or revoked token. The answer is an empty 401."""
    OUTSIDER = auto()
    """A known user who is not in this organization, or whose token is for another organization."""


@dataclass(frozen=True)
class Caller:
    """The result of reading the Authorization header."""

    sign_in: SignIn
    token: Token | None = None

    @property
    def user(self) -> User:
        """The user who sends the request."""
        return self.token.user if self.token else ANONYMOUS


def identify(organization: Organization, authorization: str) -> Caller:
    """Read an Authorization header.

    Basic takes every kind of token as its password, as the service does for the tokens of jobs, which clients send as
    if they were personal access tokens. The user name is ignored. Bearer takes issued tokens.
    """
    scheme, _, credential = authorization.partition(" ")
    bearer = scheme.lower() == "bearer"
    if bearer:
        value = credential.strip()
    elif scheme.lower() == "basic" and credential.strip():
        try:
            pair = base64.b64decode(credential.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return Caller(SignIn.ANONYMOUS)
        if ":" not in pair:
            return Caller(SignIn.MALFORMED)
        value = pair.partition(":")[2]
    else:
        return Caller(SignIn.ANONYMOUS)
    token = organization.tokens.get(value)
    if token is None or (bearer and token.kind == "personal" and not organization.bearer_pats):
        # Most users report that the service refuses a personal access token as Bearer; one reports that it works.
        return Caller(SignIn.ANONYMOUS)
    if token.state in {"expired", "revoked"}:
        return Caller(SignIn.DEAD, token)
    inside = token.user.member and token.state == "active"
    return Caller(SignIn.GOOD if inside else SignIn.OUTSIDER, token)


def sign_in_url(host_url: str, reply_to: str) -> str:
    """Return the address of the sign-in page, to which a browser would be redirected."""
    return f"{host_url}/{SIGN_IN_PATH}?realm={quote(host_url, safe='')}&reply_to={quote(reply_to, safe='')}&redirect=1"


def federated_headers(organization: Organization, host_url: str, reply_to: str) -> list[tuple[str, str]]:
    """Return the headers of a 401 for a caller who is not signed in."""
    return [
        ("WWW-Authenticate", f"Bearer authorization_uri=https://login.microsoftonline.com/{organization.id}"),
        ("WWW-Authenticate", f'Basic realm="{host_url}/"'),
        ("WWW-Authenticate", "TFS-Federated"),
        ("X-TFS-FedAuthRealm", f"{host_url}/"),
        ("X-TFS-FedAuthIssuer", f"{host_url}/{organization.name}/"),
        ("X-TFS-FedAuthRedirect", sign_in_url(host_url, reply_to)),
        ("X-VSS-ResourceTenant", organization.id),
        ("X-VSS-AuthorizationEndpoint", f"{host_url}/{organization.name}/"),
    ]


def suppresses_redirect(headers: Mapping[str, str]) -> bool:
    """Return whether the client asked for a 401 instead of a redirect."""
    return headers.get("x-tfs-fedauthredirect", "").lower() == "suppress"


SIGN_IN_PAGE = """<!DOCTYPE html>
<html lang="en-US">
<head>
<title>Azure DevOps Services | Sign In</title>
</head>
<body>
<h1>Azure DevOps Services</h1>
<p>Sign in to continue.</p>
</body>
</html>
"""

NO_ORGANIZATION_PAGE = """<!DOCTYPE html>
<html lang="en-US">
<head>
<title>404 - Azure DevOps Services</title>
</head>
<body>
<h1>404</h1>
<p>The page was not found, or you do not have access to it.</p>
</body>
</html>
"""
