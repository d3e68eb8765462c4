"""Make a certificate for the hosts of the service, and explain how clients trust it and reach the simulator.

Many clients know no other address than https://dev.azure.com. They need three things: a certificate for its hosts, an
authority that they trust, and a route to the simulator. This module makes the first two, and explains the third.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from azure_devops_simulator.server.server import Certificate
from azure_devops_simulator.world.saving import write_privately

EXTRA = "Install the extra 'simulator-tls': pip install 'langchain-azure-devops[simulator-tls]'"
"""How to install the library that makes certificates."""

_AUTHORITY, _CHAIN, _KEY, _LOCK = "authority.pem", "chain.pem", "key.pem", ".lock"
_DAYS = 397
"""The longest life of a certificate that all clients accept."""

_SERVICES = ("", "vssps.", "almsearch.", "vsrm.", "feeds.", "pkgs.", "extmgmt.", "vsaex.", "advsec.")
_ROUTED = ("dev.azure.com", "vssps.dev.azure.com", "almsearch.dev.azure.com", "app.vssps.visualstudio.com")


def service_hosts(organization: str) -> list[str]:
    """Return the host names that a certificate for an organization needs, and those of this machine."""
    old = [f"{organization.lower()}.{service}visualstudio.com" for service in _SERVICES]
    return ["dev.azure.com", "*.dev.azure.com", "app.vssps.visualstudio.com", *old, "localhost", "127.0.0.1", "::1"]


def make_certificate(folder: Path, organization: str) -> Certificate:
    """Return the certificate in a folder. Make one and its authority if there is none that is valid for this use.

    Only the authority's own certificate is kept. Its key is thrown away, so that nobody can issue anything else with
    an authority that your clients trust.

    Raises:
        ModuleNotFoundError: the library that makes certificates is not installed.
        OSError: the folder cannot be written.
    """
    from filelock import FileLock  # noqa: PLC0415 - most starts of the simulator need no certificate

    found = Certificate(folder / _CHAIN, folder / _KEY)
    hosts = service_hosts(organization)
    if _is_usable(found, folder / _AUTHORITY, hosts):
        return found
    try:
        import trustme  # noqa: PLC0415 - an extra of its own
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"The library {error.name!r} is missing. {EXTRA}", name=error.name) from error
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Servers that start at once share the certificate of the first. What one that was killed leaves behind does not
    # belong together, and is replaced.
    with FileLock(folder / _LOCK, mode=0o600):
        if _is_usable(found, folder / _AUTHORITY, hosts):
            return found
        now = datetime.now(UTC)
        made = trustme.CA(organization_name="azure_devops_simulator", organization_unit_name=f"made {now:%Y-%m-%d}")
        issued = made.issue_cert(*hosts, not_before=now - timedelta(days=1), not_after=now + timedelta(days=_DAYS - 1))
        write_privately(found.key, issued.private_key_pem.bytes())
        write_privately(found.chain, b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        write_privately(folder / _AUTHORITY, made.cert_pem.bytes())
    return found


def _is_usable(found: Certificate, authority: Path, hosts: list[str]) -> bool:
    """Return whether the authority signed the chain, which is of the key, names all hosts, and lasts another day."""
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(found.chain, found.key)
        trusted = ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError):
        return False
    return trusted.cert_store_stats()["x509_ca"] == 1 and _covers(found.chain, authority, hosts)


def _covers(chain: Path, authority: Path, hosts: list[str]) -> bool:
    try:
        from cryptography import exceptions, x509  # noqa: PLC0415 - comes with trustme
    except ModuleNotFoundError:
        return False
    try:
        leaf = x509.load_pem_x509_certificate(chain.read_bytes())
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.read_bytes()))
    except (OSError, TypeError, ValueError, exceptions.InvalidSignature):
        return False
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    own = {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}
    return own >= set(hosts) and leaf.not_valid_after_utc > datetime.now(UTC) + timedelta(days=1)


def instructions(certificate: Certificate, organization: str, port: int) -> str:
    """Explain how clients trust the certificate, and how those that only know dev.azure.com reach the simulator."""
    authority = certificate.chain.with_name(_AUTHORITY).resolve()
    names = " ".join((*_ROUTED, f"{organization.lower()}.visualstudio.com"))
    text = f"""
Clients have to trust {authority}:
  Node (azure-devops-node-api, devops-mcp):  export NODE_EXTRA_CA_CERTS={authority}
  az devops, pyado, and others on requests:  export REQUESTS_CA_BUNDLE={authority}
  httpx, OpenSSL:                            export SSL_CERT_FILE={authority}
  git:                                       export GIT_SSL_CAINFO={authority}
The last three then trust nothing else, so set them only for clients of the simulator.

Clients that only know https://dev.azure.com/{organization} have to reach the simulator under the names of the service:
  on this machine, a line of the hosts file:  127.0.0.1 {names}
  in containers, for each name:               docker run --network-alias dev.azure.com ...
"""
    if port != 443:
        text += f"They use port 443, and this is port {port}: start with --port 443, or publish it as 443.\n"
    return text
