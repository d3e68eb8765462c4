"""The settings of a connection: organization, credential and default project, checked before anything is sent."""

import ipaddress
import os
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import cast
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from langchain_azure_devops.errors import (
    CredentialMalformed,
    CredentialMissing,
    Misconfigured,
    OrganizationInvalid,
    did_you_mean,
)
from langchain_azure_devops.scopes import Scope, parse_scopes

TokenProvider = Callable[[], str | SecretStr | Awaitable[str | SecretStr]]
"""A function that gives the token, called at the start and again when the service stops accepting the token.

It may block, because it runs in a thread. An awaitable that it returns runs on the client's own event loop.
"""

CLOUD_HOSTS: Mapping[str, str] = {
    "core": "https://dev.azure.com/{organization}",
    "search": "https://almsearch.dev.azure.com/{organization}",
    "identity": "https://vssps.dev.azure.com/{organization}",
    "testresults": "https://vstmr.dev.azure.com/{organization}",
}
"""The base URL of each area of the cloud service; a given base URL serves every area."""

_URL_CHARACTERS = re.compile(r"[!-~]+")
_HOST = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*"
)
# Slashes, control and format characters, and what stands for a damaged one.
_NOT_IN_NAMES = re.compile(
    "[/\\\\\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffd\ud800-\udfff]"
)
_MAX_PROJECT = 64
_ORGANIZATION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Settings:
    """Everything needed to talk to one organization.

    Attributes:
        organization: The bare name, as in `dev.azure.com/<organization>`.
        base_url: The organization's whole URL outside the cloud (Azure DevOps Server, simulator), else None.
        token: Returns the personal access token.
        credential_source: The source of the token, for people: an argument or the name of a variable.
        default_project: The project that a tool uses when its call names none.
        declared_scopes: The scopes that the operator says the token has; None when nothing was declared.
        link_hosts: Hosts that writes may link to, besides the organization's own; `*.contoso.com` for all below one.
        rotates: Whether the token comes from a provider, which may return another one later.
        borrowed: Whether the token was made for another program (the az CLI). Such a token only reads unless the
            caller says how to decide about writes.
    """

    organization: str
    base_url: str | None
    token: TokenProvider = field(repr=False)
    credential_source: str
    default_project: str | None = None
    declared_scopes: frozenset[Scope] | None = None
    borrowed: bool = False
    rotates: bool = False
    link_hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Accept only values that lead to one organization, also in settings that were not loaded.

        Raises:
            Misconfigured: The base URL, the project or a host has a form that it cannot have.
        """
        if self.base_url is not None:
            check_base_url(self.base_url)
        else:
            _check_organization(self.organization)
        if self.default_project is not None:
            _check_project(self.default_project)
        for host in self.link_hosts:
            _check_link_host(host)

    @property
    def own_urls(self) -> tuple[str, ...]:
        """The URLs below which the organization's own pages are."""
        hosts = () if self.base_url else (f"https://{self.organization}.visualstudio.com".lower(),)
        return (*dict.fromkeys(self.url(area) for area in CLOUD_HOSTS), *hosts)

    def url(self, area: str) -> str:
        """Return the base URL of an area of the service, without a trailing slash."""
        return self.base_url or CLOUD_HOSTS[area].format(organization=self.organization)


def load_settings(
    *,
    organization: str | None = None,
    pat: str | SecretStr | TokenProvider | None = None,
    default_project: str | None = None,
    base_url: str | None = None,
    scopes: str | Iterable[Scope | str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Make settings from arguments, and read missing values from the environment.

    The variables are `AZURE_DEVOPS_ORG` or `AZURE_DEVOPS_BASE_URL`, `AZURE_DEVOPS_PAT` (then the az CLI's
    `AZURE_DEVOPS_EXT_PAT`), `AZURE_DEVOPS_PROJECT`, `AZURE_DEVOPS_SCOPES` and `AZURE_DEVOPS_LINK_HOSTS`. An empty
    variable counts as not set.

    Raises:
        OrganizationInvalid: There is no organization, or it is a URL or cannot be a name.
        CredentialMissing: There is no token.
        CredentialMalformed: There is white space around or inside the token.
        ScopesInvalid: A declared scope does not exist.
        Misconfigured: An argument has the wrong type.
    """
    for option, given in (("organization", organization), ("default_project", default_project), ("base_url", base_url)):
        check_type(option, "" if given is None else given, str, "a text")
    variables = {name: value for name, value in (os.environ if environ is None else environ).items() if value.strip()}
    if organization is not None and base_url is not None:
        raise OrganizationInvalid(
            "Both an organization and a base URL were given. Give only the organization for the cloud service, or only "
            "the base URL for Azure DevOps Server or a simulator."
        )
    if organization is None and base_url is None:
        base_url = variables.get("AZURE_DEVOPS_BASE_URL")
        organization = None if base_url else variables.get("AZURE_DEVOPS_ORG", "")
    base_url = base_url.strip(" \t\r\n").rstrip("/") if base_url is not None else None
    name = check_base_url(base_url) if base_url is not None else _check_organization(organization or "")
    token, source, borrowed = _choose_credential(
        pat, variables, base_url or CLOUD_HOSTS["core"].format(organization=name)
    )
    declared = scopes if scopes is not None else variables.get("AZURE_DEVOPS_SCOPES")
    return Settings(
        organization=name,
        base_url=base_url,
        token=token,
        credential_source=source,
        default_project=(default_project or variables.get("AZURE_DEVOPS_PROJECT") or "").strip() or None,
        declared_scopes=None if declared is None else _parse_declared(declared),
        borrowed=borrowed,
        rotates=callable(pat),
        link_hosts=frozenset(variables.get("AZURE_DEVOPS_LINK_HOSTS", "").lower().replace(",", " ").split()),
    )


def check_choice(option: str, given: object, allowed: Collection[str]) -> None:
    """Accept only one of the allowed values of an option.

    Raises:
        Misconfigured: It is another one; the message names the allowed values and the nearest one.
    """
    if not isinstance(given, str) or given not in allowed:
        near = did_you_mean(given, allowed) if isinstance(given, str) else ""
        values = " or ".join(f'"{value}"' for value in allowed)
        raise Misconfigured(f"{option}={given!r:.60} is not allowed. Give {values}.{near}", subject=option)


def check_type(option: str, given: object, expected: type | UnionType, words: str) -> None:
    """Accept only values of the right type for an option.

    Args:
        option: The option's name.
        given: Its value.
        expected: The class that it must have.
        words: The values to give instead, such as "True or False".

    Raises:
        Misconfigured: It has another type; the message says what to give.
    """
    if not isinstance(given, expected):
        raise Misconfigured(f"{option}= takes {words}, not {type(given).__name__}.", subject=option)


def check_number(option: str, given: object, least: int, most: int, unit: str) -> None:
    """Accept only whole numbers within the limits of an option.

    Args:
        option: The option's name.
        given: Its value.
        least: The smallest number that it may have.
        most: The largest number that it may have.
        unit: The unit of the number, such as "characters".

    Raises:
        Misconfigured: It is no whole number or outside the limits; the message says what to give.
    """
    words = f"a number of {unit} from {least:,} to {most:,}"
    if isinstance(given, bool):
        raise Misconfigured(f"{option}= takes {words}, not bool.", subject=option)
    check_type(option, given, int, words)
    if not least <= cast("int", given) <= most:
        raise Misconfigured(f"{option}= takes {words}, not {given!r:.40}.", subject=option)


def check_token(token: str | SecretStr, source: str) -> str:
    """Return the text of a token if it can be one.

    Raises:
        CredentialMissing: The token is empty.
        CredentialMalformed: It contains white space or control characters. The message never contains the token.
    """
    text = token.get_secret_value() if isinstance(token, SecretStr) else token
    if not isinstance(text, str):
        raise CredentialMalformed(f"{source} gave {type(text).__name__} instead of a token's text.")
    if not text.strip():
        raise CredentialMissing(f"The personal access token from {source} is empty.")
    if text != text.strip():
        raise CredentialMalformed(
            f"The personal access token from {source} has white space around it, most likely a line break from a file "
            "or the clipboard. Remove it and run verify again."
        )
    if any(character.isspace() or not character.isprintable() or ord(character) > 126 for character in text):
        raise CredentialMalformed(
            f"The personal access token from {source} contains white space or other characters that no token has. "
            "Copy it again in one piece."
        )
    return text


def _parse_declared(scopes: str | Iterable[Scope | str]) -> frozenset[Scope]:
    words = "a text or a collection of scopes"
    check_type("scopes", scopes, Iterable, words)
    names = [scopes] if isinstance(scopes, str) else list(scopes)
    for name in names:
        check_type("scopes", name, str, words)
    return parse_scopes(", ".join(names))


def _choose_credential(
    pat: str | SecretStr | TokenProvider | None, variables: Mapping[str, str], url: str
) -> tuple[TokenProvider, str, bool]:
    if callable(pat):
        return pat, "the provider given as pat=", False
    if pat is not None:
        return _make_provider(pat, "the argument pat="), "the argument pat=", False
    for name, borrowed in (("AZURE_DEVOPS_PAT", False), ("AZURE_DEVOPS_EXT_PAT", True)):
        if name in variables:
            return _make_provider(variables[name], name), name, borrowed
    raise CredentialMissing(
        f"No personal access token: give pat= or set AZURE_DEVOPS_PAT. Make one at {url}/_usersSettings/tokens; "
        "'azure-devops-agent scopes' lists the scopes that each tool needs."
    )


def _make_provider(token: str | SecretStr, source: str) -> TokenProvider:
    secret = SecretStr(check_token(token, source))
    return lambda: secret


def _check_organization(organization: str) -> str:
    name = organization.strip()
    if not name:
        raise OrganizationInvalid(
            "No organization: give organization= or set AZURE_DEVOPS_ORG to the bare name, "
            "the 'name' in https://dev.azure.com/name."
        )
    if bare := _find_name_in_cloud_url(name):
        raise OrganizationInvalid(
            f"The organization is a URL or path. Give the bare name instead: {bare!r}.", subject=bare
        )
    if "://" in name or "/" in name or "." in name:
        raise OrganizationInvalid(
            "The organization is a URL or path. Give the bare name instead, the 'name' in https://dev.azure.com/name. "
            "The URL of an Azure DevOps Server goes into base_url= or AZURE_DEVOPS_BASE_URL."
        )
    if not _ORGANIZATION.fullmatch(name):
        raise OrganizationInvalid(
            f"{name!r} cannot be the name of an organization, which has at most 50 letters, digits and hyphens."
        )
    return name


def _find_name_in_cloud_url(text: str) -> str | None:
    """Return the organization in a cloud URL or in a path such as `name/project`; None when the text is neither."""
    parts = urlsplit(text if "://" in text else f"https://{text}")
    host = (parts.hostname or "").lower()
    path = [unquote(segment) for segment in parts.path.split("/") if segment]
    if host.endswith(".visualstudio.com"):
        candidate = host.split(".", 1)[0]
    elif host.endswith("dev.azure.com"):
        candidate = path[0] if path else ""
    elif "://" not in text and "/" in text and "." not in host:
        candidate = next((segment for segment in text.split("/") if segment), "")
    else:
        return None
    return candidate if _ORGANIZATION.fullmatch(candidate) else None


def check_base_url(base_url: str) -> str:
    """Return the name of the organization or collection in a base URL.

    Raises:
        OrganizationInvalid: It is no plain URL of a collection; the message says why, and never shows a password.
    """
    shown = ascii(re.sub(r"//[^/]*@", "//...@", base_url))
    if not _URL_CHARACTERS.fullmatch(base_url):
        raise OrganizationInvalid(
            f"The base URL {shown} holds blanks, line breaks or characters outside of ASCII.{_ascii_host(base_url)} "
            "Write the host in its ASCII form, and other characters in the path as %XX."
        )
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise OrganizationInvalid(f"The base URL {shown} has no valid host and port.") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise OrganizationInvalid(f"The base URL {shown} is not a URL such as https://server/tfs/DefaultCollection.")
    if "@" in parts.netloc:
        raise OrganizationInvalid("The base URL holds a user name or password. Put the token into AZURE_DEVOPS_PAT.")
    if "?" in base_url or "#" in base_url:
        raise OrganizationInvalid("The base URL has a query or fragment. Remove what follows the collection's name.")
    if not (_HOST.fullmatch(host) or _is_address(host)):
        raise OrganizationInvalid(f"The base URL {shown} has no valid host name.")
    if parts.scheme == "http" and not is_loopback(host):
        raise OrganizationInvalid(
            "The base URL uses http, which would send the token in clear text. Use https. Only a server on this "
            "machine may use http."
        )
    return _name_in_path(parts.path, shown)


def _name_in_path(path: str, shown: str) -> str:
    """Return the last segment of the path of a base URL, decoded."""
    segments = [unquote(segment) for segment in path.removeprefix("/").split("/")]
    if segments == [""]:
        raise OrganizationInvalid(
            "The base URL names no organization or collection. Give the whole URL, such as "
            "https://server/tfs/DefaultCollection."
        )
    if any(segment.strip() in {"", ".", ".."} or _NOT_IN_NAMES.search(segment) for segment in segments):
        raise OrganizationInvalid(
            f"The base URL {shown} has a path that may lead elsewhere: it holds an empty or dot segment, or an escaped "
            "slash, control or damaged character. Give the address of the collection as a browser shows it."
        )
    return segments[-1]


def _ascii_host(base_url: str) -> str:
    """Return a sentence with the ASCII form of the host, where it has another one."""
    try:
        host = urlsplit(base_url).hostname or ""
        name = host.encode("idna").decode()
    except (ValueError, UnicodeError):
        return ""
    return f" The ASCII form of its host is {name!r}." if name != host else ""


def _check_project(project: str) -> None:
    if project.strip() in {"", ".", ".."} or _NOT_IN_NAMES.search(project) or len(project) > _MAX_PROJECT:
        raise Misconfigured(
            f"default_project={ascii(project)[:80]} cannot be the name of a project: it must not be empty, '.' or "
            f"'..', hold slashes, line breaks or invisible characters, or have more than {_MAX_PROJECT} characters.",
            subject="default_project",
        )


def _check_link_host(host: str) -> None:
    if not _HOST.fullmatch(host.removeprefix("*.")) or host.startswith("."):
        raise Misconfigured(
            f"{ascii(host)[:80]} in AZURE_DEVOPS_LINK_HOSTS is not a host. Give names such as wiki.contoso.com, or "
            "*.contoso.com for all below one; without a scheme, port or path, and in their ASCII form.",
            subject="link_hosts",
        )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
