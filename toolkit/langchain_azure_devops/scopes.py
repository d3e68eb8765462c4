"""The scopes of a personal access token: every `vso.*` scope, and which scopes each one includes.

Source: the scope list of the service's OAuth documentation and the `security` section of each REST operation.
A scope is only an upper bound: the permissions of the token's owner narrow it further.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from langchain_azure_devops.errors import ScopesInvalid, did_you_mean


class Scope(StrEnum):
    """A scope in the service's own spelling, such as `vso.code`."""

    FULL_ACCESS = "app_token"

    ADVSEC = "vso.advsec"
    ADVSEC_WRITE = "vso.advsec_write"
    ADVSEC_MANAGE = "vso.advsec_manage"
    AGENTPOOLS = "vso.agentpools"
    AGENTPOOLS_MANAGE = "vso.agentpools_manage"
    ENVIRONMENT_MANAGE = "vso.environment_manage"
    ANALYTICS = "vso.analytics"
    AUDITLOG = "vso.auditlog"
    AUDITSTREAMS_MANAGE = "vso.auditstreams_manage"
    BUILD = "vso.build"
    BUILD_EXECUTE = "vso.build_execute"
    CODE = "vso.code"
    CODE_WRITE = "vso.code_write"
    CODE_MANAGE = "vso.code_manage"
    CODE_FULL = "vso.code_full"
    CODE_STATUS = "vso.code_status"
    CONNECTED_SERVER = "vso.connected_server"
    DASHBOARDS = "vso.dashboards"
    DASHBOARDS_MANAGE = "vso.dashboards_manage"
    ENTITLEMENTS = "vso.entitlements"
    EXTENSION = "vso.extension"
    EXTENSION_MANAGE = "vso.extension_manage"
    EXTENSION_DATA = "vso.extension.data"
    EXTENSION_DATA_WRITE = "vso.extension.data_write"
    GALLERY = "vso.gallery"
    GALLERY_ACQUIRE = "vso.gallery_acquire"
    GALLERY_PUBLISH = "vso.gallery_publish"
    GALLERY_MANAGE = "vso.gallery_manage"
    GITHUBCONNECTIONS = "vso.githubconnections"
    GITHUBCONNECTIONS_MANAGE = "vso.githubconnections_manage"
    GRAPH = "vso.graph"
    GRAPH_MANAGE = "vso.graph_manage"
    HOOKS = "vso.hooks"
    HOOKS_WRITE = "vso.hooks_write"
    HOOKS_INTERACT = "vso.hooks_interact"
    IDENTITY = "vso.identity"
    IDENTITY_MANAGE = "vso.identity_manage"
    MACHINEGROUP_MANAGE = "vso.machinegroup_manage"
    MEMBERENTITLEMENTMANAGEMENT = "vso.memberentitlementmanagement"
    MEMBERENTITLEMENTMANAGEMENT_WRITE = "vso.memberentitlementmanagement_write"
    NOTIFICATION = "vso.notification"
    NOTIFICATION_WRITE = "vso.notification_write"
    NOTIFICATION_MANAGE = "vso.notification_manage"
    NOTIFICATION_DIAGNOSTICS = "vso.notification_diagnostics"
    PACKAGING = "vso.packaging"
    PACKAGING_WRITE = "vso.packaging_write"
    PACKAGING_MANAGE = "vso.packaging_manage"
    PIPELINERESOURCES_USE = "vso.pipelineresources_use"
    PIPELINERESOURCES_MANAGE = "vso.pipelineresources_manage"
    PROFILE = "vso.profile"
    PROFILE_WRITE = "vso.profile_write"
    PROJECT = "vso.project"
    PROJECT_WRITE = "vso.project_write"
    PROJECT_MANAGE = "vso.project_manage"
    RELEASE = "vso.release"
    RELEASE_EXECUTE = "vso.release_execute"
    RELEASE_MANAGE = "vso.release_manage"
    SECUREFILES_READ = "vso.securefiles_read"
    SECUREFILES_WRITE = "vso.securefiles_write"
    SECUREFILES_MANAGE = "vso.securefiles_manage"
    SECURITY_MANAGE = "vso.security_manage"
    SERVICEENDPOINT = "vso.serviceendpoint"
    SERVICEENDPOINT_QUERY = "vso.serviceendpoint_query"
    SERVICEENDPOINT_MANAGE = "vso.serviceendpoint_manage"
    SETTINGS = "vso.settings"
    SETTINGS_WRITE = "vso.settings_write"
    SYMBOLS = "vso.symbols"
    SYMBOLS_WRITE = "vso.symbols_write"
    SYMBOLS_MANAGE = "vso.symbols_manage"
    TASKGROUPS_READ = "vso.taskgroups_read"
    TASKGROUPS_WRITE = "vso.taskgroups_write"
    TASKGROUPS_MANAGE = "vso.taskgroups_manage"
    TEST = "vso.test"
    TEST_WRITE = "vso.test_write"
    THREADS_FULL = "vso.threads_full"
    TOKENADMINISTRATION = "vso.tokenadministration"
    TOKENS = "vso.tokens"
    VARIABLEGROUPS_READ = "vso.variablegroups_read"
    VARIABLEGROUPS_WRITE = "vso.variablegroups_write"
    VARIABLEGROUPS_MANAGE = "vso.variablegroups_manage"
    WIKI = "vso.wiki"
    WIKI_WRITE = "vso.wiki_write"
    WORK = "vso.work"
    WORK_WRITE = "vso.work_write"
    WORK_FULL = "vso.work_full"


INCLUDES: Mapping[Scope, tuple[Scope, ...]] = {
    Scope.ADVSEC_WRITE: (Scope.ADVSEC,),
    Scope.ADVSEC_MANAGE: (Scope.ADVSEC_WRITE,),
    Scope.AGENTPOOLS_MANAGE: (Scope.AGENTPOOLS,),
    Scope.ENVIRONMENT_MANAGE: (Scope.AGENTPOOLS_MANAGE,),
    Scope.MACHINEGROUP_MANAGE: (Scope.AGENTPOOLS_MANAGE,),
    Scope.AUDITSTREAMS_MANAGE: (Scope.AUDITLOG,),
    Scope.BUILD: (Scope.HOOKS_WRITE,),
    Scope.BUILD_EXECUTE: (Scope.BUILD,),
    Scope.CODE: (Scope.HOOKS_WRITE,),
    Scope.CODE_WRITE: (Scope.CODE,),
    Scope.CODE_MANAGE: (Scope.CODE_WRITE,),
    Scope.CODE_FULL: (Scope.CODE_MANAGE,),
    Scope.DASHBOARDS_MANAGE: (Scope.DASHBOARDS,),
    Scope.EXTENSION: (Scope.PROFILE,),
    Scope.EXTENSION_MANAGE: (Scope.EXTENSION,),
    Scope.EXTENSION_DATA_WRITE: (Scope.EXTENSION_DATA,),
    Scope.GALLERY_ACQUIRE: (Scope.GALLERY,),
    Scope.GALLERY_PUBLISH: (Scope.GALLERY_ACQUIRE,),
    Scope.GALLERY_MANAGE: (Scope.GALLERY_PUBLISH,),
    Scope.GITHUBCONNECTIONS_MANAGE: (Scope.GITHUBCONNECTIONS,),
    Scope.GRAPH_MANAGE: (Scope.GRAPH,),
    Scope.HOOKS: (Scope.PROFILE,),
    Scope.HOOKS_WRITE: (Scope.HOOKS,),
    Scope.IDENTITY_MANAGE: (Scope.IDENTITY,),
    Scope.MEMBERENTITLEMENTMANAGEMENT_WRITE: (Scope.MEMBERENTITLEMENTMANAGEMENT,),
    Scope.NOTIFICATION: (Scope.PROFILE,),
    Scope.NOTIFICATION_WRITE: (Scope.NOTIFICATION,),
    Scope.NOTIFICATION_MANAGE: (Scope.NOTIFICATION_WRITE,),
    Scope.PACKAGING_WRITE: (Scope.PACKAGING,),
    Scope.PACKAGING_MANAGE: (Scope.PACKAGING_WRITE,),
    Scope.PIPELINERESOURCES_MANAGE: (Scope.PIPELINERESOURCES_USE,),
    Scope.PROFILE_WRITE: (Scope.PROFILE,),
    Scope.PROJECT_WRITE: (Scope.PROJECT,),
    Scope.PROJECT_MANAGE: (Scope.PROJECT_WRITE,),
    Scope.RELEASE_EXECUTE: (Scope.RELEASE,),
    Scope.RELEASE_MANAGE: (Scope.RELEASE_EXECUTE,),
    Scope.SECUREFILES_WRITE: (Scope.SECUREFILES_READ,),
    Scope.SECUREFILES_MANAGE: (Scope.SECUREFILES_WRITE,),
    Scope.SERVICEENDPOINT: (Scope.PROFILE,),
    Scope.SERVICEENDPOINT_QUERY: (Scope.SERVICEENDPOINT,),
    Scope.SERVICEENDPOINT_MANAGE: (Scope.SERVICEENDPOINT_QUERY,),
    Scope.SETTINGS_WRITE: (Scope.SETTINGS,),
    Scope.SYMBOLS_WRITE: (Scope.SYMBOLS,),
    Scope.SYMBOLS_MANAGE: (Scope.SYMBOLS_WRITE,),
    Scope.TASKGROUPS_WRITE: (Scope.TASKGROUPS_READ,),
    Scope.TASKGROUPS_MANAGE: (Scope.TASKGROUPS_WRITE,),
    Scope.TEST: (Scope.PROFILE,),
    Scope.TEST_WRITE: (Scope.TEST,),
    Scope.VARIABLEGROUPS_WRITE: (Scope.VARIABLEGROUPS_READ,),
    Scope.VARIABLEGROUPS_MANAGE: (Scope.VARIABLEGROUPS_WRITE,),
    Scope.WIKI_WRITE: (Scope.WIKI,),
    Scope.WORK: (Scope.HOOKS_WRITE,),
    Scope.WORK_WRITE: (Scope.WORK,),
    Scope.WORK_FULL: (Scope.WORK_WRITE,),
}
"""The scopes that each scope includes directly; `expand` follows the chain."""

# The token page groups scopes in categories with up to three levels: read, write (or execute), manage.
_CATEGORIES: Mapping[str, tuple[Scope, ...]] = {
    "advanced security": (Scope.ADVSEC, Scope.ADVSEC_WRITE, Scope.ADVSEC_MANAGE),
    "agent pools": (Scope.AGENTPOOLS, Scope.AGENTPOOLS_MANAGE),
    "analytics": (Scope.ANALYTICS,),
    "audit log": (Scope.AUDITLOG, Scope.AUDITSTREAMS_MANAGE),
    "auditing": (Scope.AUDITLOG, Scope.AUDITSTREAMS_MANAGE),
    "build": (Scope.BUILD, Scope.BUILD_EXECUTE),
    "code": (Scope.CODE, Scope.CODE_WRITE, Scope.CODE_MANAGE),
    "dashboards": (Scope.DASHBOARDS, Scope.DASHBOARDS_MANAGE),
    "deployment groups": (Scope.MACHINEGROUP_MANAGE,),
    "entitlements": (Scope.ENTITLEMENTS,),
    "environment": (Scope.ENVIRONMENT_MANAGE,),
    "extensions": (Scope.EXTENSION, Scope.EXTENSION_MANAGE),
    "extension data": (Scope.EXTENSION_DATA, Scope.EXTENSION_DATA_WRITE),
    "github connections": (Scope.GITHUBCONNECTIONS, Scope.GITHUBCONNECTIONS_MANAGE),
    "graph": (Scope.GRAPH, Scope.GRAPH_MANAGE),
    "identity": (Scope.IDENTITY, Scope.IDENTITY_MANAGE),
    "marketplace": (Scope.GALLERY, Scope.GALLERY_ACQUIRE, Scope.GALLERY_MANAGE),
    "member entitlement management": (Scope.MEMBERENTITLEMENTMANAGEMENT, Scope.MEMBERENTITLEMENTMANAGEMENT_WRITE),
    "notifications": (Scope.NOTIFICATION, Scope.NOTIFICATION_WRITE, Scope.NOTIFICATION_MANAGE),
    "packaging": (Scope.PACKAGING, Scope.PACKAGING_WRITE, Scope.PACKAGING_MANAGE),
    "pipeline resources": (Scope.PIPELINERESOURCES_USE, Scope.PIPELINERESOURCES_MANAGE),
    "project and team": (Scope.PROJECT, Scope.PROJECT_WRITE, Scope.PROJECT_MANAGE),
    "pull request threads": (Scope.THREADS_FULL,),
    "release": (Scope.RELEASE, Scope.RELEASE_EXECUTE, Scope.RELEASE_MANAGE),
    "secure files": (Scope.SECUREFILES_READ, Scope.SECUREFILES_WRITE, Scope.SECUREFILES_MANAGE),
    "security": (Scope.SECURITY_MANAGE,),
    "service connections": (Scope.SERVICEENDPOINT, Scope.SERVICEENDPOINT_QUERY, Scope.SERVICEENDPOINT_MANAGE),
    "service hooks": (Scope.HOOKS, Scope.HOOKS_WRITE),
    "symbols": (Scope.SYMBOLS, Scope.SYMBOLS_WRITE, Scope.SYMBOLS_MANAGE),
    "task groups": (Scope.TASKGROUPS_READ, Scope.TASKGROUPS_WRITE, Scope.TASKGROUPS_MANAGE),
    "test management": (Scope.TEST, Scope.TEST_WRITE),
    "tokens": (Scope.TOKENS,),
    "token administration": (Scope.TOKENADMINISTRATION,),
    "user profile": (Scope.PROFILE, Scope.PROFILE_WRITE),
    "variable groups": (Scope.VARIABLEGROUPS_READ, Scope.VARIABLEGROUPS_WRITE, Scope.VARIABLEGROUPS_MANAGE),
    "wiki": (Scope.WIKI, Scope.WIKI_WRITE),
    "work items": (Scope.WORK, Scope.WORK_WRITE, Scope.WORK_FULL),
}
_TITLES: Mapping[str, str] = {"github connections": "GitHub Connections"}
_EXTRA_LEVELS: Mapping[Scope, str] = {Scope.CODE_FULL: "Full", Scope.CODE_STATUS: "Status"}
_UI_PHRASE = re.compile(r"([A-Za-z][A-Za-z ]*?)\s*\(([^()]*)\)")
_FULL_ACCESS_WORDS = frozenset({"full", "full access", "app_token"})


def expand(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Return the given scopes and all scopes that they include."""
    pending = list(scopes)
    if Scope.FULL_ACCESS in pending:
        return frozenset(Scope)
    found: set[Scope] = set()
    while pending:
        scope = pending.pop()
        if scope not in found:
            found.add(scope)
            pending.extend(INCLUDES.get(scope, ()))
    return frozenset(found)


def implying(scope: Scope) -> frozenset[Scope]:
    """Return the given scope and every scope that includes it: a token that lacks the scope lacks all of these."""
    return frozenset(candidate for candidate in Scope if scope in expand((candidate,)))


def parse_scopes(text: str) -> frozenset[Scope]:
    """Parse scopes as people write them.

    The text may mix `vso.code`, `code_write`, `app_token` and the wording of the token page, such as
    `Code (Read & write)` or `Full access`, separated by commas, semicolons or white space.

    Raises:
        ScopesInvalid: A word names no scope; the message suggests the nearest one.
    """
    found: set[Scope] = set()
    rest = text
    for phrase in _UI_PHRASE.finditer(text):
        found.add(_from_token_page(phrase[1], phrase[2]))
        rest = rest.replace(phrase[0], " ")
    rest = re.sub(r"(?i)\bfull access\b", " app_token ", rest)
    found.update(_from_name(word) for word in re.split(r"[\s,;]+", rest) if word)
    return frozenset(found)


def on_token_page(scope: Scope) -> str:
    """Return a scope in the wording of the token page, such as `Code (Read & write)`; `parse_scopes` accepts it.

    Scopes that the page does not offer keep their own name.
    """
    if scope is Scope.FULL_ACCESS:
        return "Full access"
    if scope in _EXTRA_LEVELS:
        return f"Code ({_EXTRA_LEVELS[scope]})"
    for category, levels in _CATEGORIES.items():
        if scope in levels:
            title = _TITLES.get(category, category.title().replace(" And ", " and "))
            return f"{title} ({_level_words(scope, levels)})"
    return scope.value


def _level_words(scope: Scope, levels: tuple[Scope, ...]) -> str:
    ending = scope.value.rpartition("_")[2]
    if ending in {"write", "execute", "acquire", "query"}:
        return f"Read & {ending}"
    if ending == "manage" or (ending == "full" and len(levels) > 1):
        return "Read, write, & manage" if len(levels) > 2 else "Read & manage"
    return "Read"


def _from_name(word: str) -> Scope:
    name = word.lower()
    if name in _FULL_ACCESS_WORDS:
        return Scope.FULL_ACCESS
    if not name.startswith("vso."):
        name = f"vso.{name}"
    try:
        return Scope(name)
    except ValueError:
        raise _unknown(word, [scope.value for scope in Scope], name) from None


def _from_token_page(category: str, level: str) -> Scope:
    name = " ".join(category.lower().split())
    levels = _CATEGORIES.get(name)
    if levels is None:
        raise _unknown(category, list(_CATEGORIES), name)
    words = level.lower()
    if name == "code" and words in {"full", "status"}:
        return Scope.CODE_FULL if words == "full" else Scope.CODE_STATUS
    if "manage" in words or "full" in words:
        return levels[-1]
    if any(word in words for word in ("write", "execute", "acquire", "query")):
        return levels[min(1, len(levels) - 1)]
    return levels[0]


def _unknown(word: str, known: list[str], nearest_to: str) -> ScopesInvalid:
    return ScopesInvalid(
        f"{word!r} is not a scope of Azure DevOps.{did_you_mean(nearest_to, known)} "
        "Write scopes as 'vso.code vso.work_write' or as the token page does: 'Code (Read & write)'."
    )
