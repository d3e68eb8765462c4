"""Serve the seed organization: `python -m azure_devops_simulator [--port N] [--token VALUE=SCOPE,SCOPE ...]`.

With `--certificate FILE --key FILE` it serves TLS.

The first line of standard output is the organization's base URL. Ctrl-C or SIGTERM ends it with exit code 0.
"""

from __future__ import annotations

import argparse
import contextlib
import secrets
import signal
import sys
from pathlib import Path

from azure_devops_simulator.organization import FULL_ACCESS, Organization
from azure_devops_simulator.seed import seed_organization
from azure_devops_simulator.server import Certificate, base_url, listen, web_server

READ_ONLY = ("vso.build", "vso.code", "vso.profile", "vso.project", "vso.work")


def _token(text: str) -> tuple[str, list[str]]:
    value, equals, scopes = text.partition("=")
    names = [scope for scope in scopes.split(",") if scope.strip()]
    if not value or not equals or not names:
        raise argparse.ArgumentTypeError(f"{text!r} is not VALUE=SCOPE,SCOPE (app_token is full access)")
    return value, names


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m azure_devops_simulator", description="A local Azure DevOps.")
    parser.add_argument("--port", type=int, default=0, help="port on the loopback interface (default: a free one)")
    parser.add_argument(
        "--token",
        type=_token,
        action="append",
        metavar="VALUE=SCOPE,SCOPE",
        help="a personal access token and its scopes; app_token is full access; may be given several times",
    )
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="serve TLS with this certificate chain (PEM)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="the private key of the certificate (PEM)")
    options = parser.parse_args(arguments)
    if (options.certificate is None) != (options.key is None):
        parser.error("--certificate and --key go together")
    return options


def _add_tokens(organization: Organization, given: list[tuple[str, list[str]]] | None) -> None:
    """Add the tokens that were given, or make one with full access and one that only reads, and print those."""
    if given is not None:
        for value, scopes in given:
            organization.add_token(value, scopes)
        return
    for label, made in (("full access", (FULL_ACCESS,)), ("read only", READ_ONLY)):
        token = organization.add_token(secrets.token_hex(26), made)
        print(f"{label} token: {token.value}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Serve until interrupted."""
    options = _arguments(arguments)
    certificate = Certificate(options.certificate, options.key) if options.certificate else None
    organization = seed_organization()
    try:
        listener = listen(options.port)
    except OSError as error:
        print(f"cannot listen on port {options.port}: {error}", file=sys.stderr)
        return 1
    with contextlib.suppress(KeyboardInterrupt):
        # The server ends cleanly on both signals and then raises the one it got again, for its caller.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        print(base_url(organization, listener, certificate), flush=True)
        _add_tokens(organization, options.token)
        web_server(organization, certificate).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
