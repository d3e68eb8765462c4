"""The hosts of the public service, and what a request to one of them means.

A request to a host of the service (`dev.azure.com`, `almsearch.dev.azure.com`, `{org}.visualstudio.com`, ...) is
answered as that host would answer: links and resource areas point to the service's hosts. Under any other name, such
as the loopback address, everything is served at the organization's own address, as on a server with a single host.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_NEW, _OLD = "dev.azure.com", "visualstudio.com"
_NO_ORGANIZATION = {"app"}
"""First labels of `visualstudio.com` that are not an organization, as in `app.vssps.visualstudio.com`."""


@dataclass(frozen=True)
class Place:
    """The host and the path that a request is addressed to.

    `service` is the label of the host (`almsearch`, `vssps`, ...), or "" for the main host and for names outside the
    service. `segments` begin with the organization, whether the path or the host name contained it.
    """

    host_url: str
    service: str
    segments: Sequence[str]
    base_url: str


def place(scheme: str, host: str, segments: Sequence[str]) -> Place:
    """Read the Host header and the path of a request. `base_url` is the address of the organization for links."""
    host_url = f"{scheme}://{host}"
    name, _, port = host.lower().partition(":")
    end = f":{port}" if port else ""
    organization = quote(segments[0]) if segments else ""
    if name == _NEW or name.endswith(f".{_NEW}"):
        service = name.removesuffix(_NEW).rstrip(".")
        return Place(host_url, service, segments, f"{scheme}://{_NEW}{end}/{organization}")
    if name.endswith(f".{_OLD}"):
        owner, _, service = name.removesuffix(f".{_OLD}").partition(".")
        if owner in _NO_ORGANIZATION:
            return Place(host_url, service, segments, f"{scheme}://{_NEW}{end}/{organization}")
        return Place(host_url, service, [owner, *segments], f"{scheme}://{owner}.{_OLD}{end}")
    return Place(host_url, "", segments, f"{host_url}/{organization}")


def area_url(base_url: str, service: str) -> str:
    """Return the address, with a final slash, of the organization at `base_url` on a host of the service.

    `service` is the label of the host, or "" for the main host.
    """
    parts = urlsplit(base_url)
    name = parts.hostname or ""
    if not service or not name.endswith((_NEW, f".{_OLD}")):
        return f"{base_url}/"
    owner = name.removesuffix(_OLD)
    host = f"{service}.{parts.netloc}" if name == _NEW else f"{owner}{service}.{parts.netloc.removeprefix(owner)}"
    return f"{parts.scheme}://{host}{parts.path}/"
