"""Serve an organization: `python -m azure_devops_simulator [--port N] [--token VALUE=SCOPE,SCOPE ...] [--world FILE]`.

Without a world it is the seed organization. With `--certificate FILE --key FILE` it serves TLS; `--fault` and
`--throttle` make requests fail.

The first line of standard output is the organization's base URL. Ctrl-C or SIGTERM ends it with exit code 0.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import secrets
import signal
import sys
from pathlib import Path

from azure_devops_simulator.faults import Fault, TokenBucket, parse_fault
from azure_devops_simulator.organization import FULL_ACCESS, Organization
from azure_devops_simulator.seed import seed_organization
from azure_devops_simulator.server import Certificate, base_url, listen, web_server
from azure_devops_simulator.world import import_world

READ_ONLY = ("vso.build", "vso.code", "vso.profile", "vso.project", "vso.work")


def _token(text: str) -> tuple[str, list[str]]:
    value, equals, scopes = text.partition("=")
    names = [scope for scope in scopes.split(",") if scope.strip()]
    if not value or not equals or not names:
        raise argparse.ArgumentTypeError(f"{text!r} is not VALUE=SCOPE,SCOPE (app_token is full access)")
    return value, names


def _world(text: str) -> Organization:
    try:
        return import_world(json.loads(Path(text).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error


def _fault(text: str) -> Fault:
    try:
        return parse_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error


def _throttle(text: str) -> TokenBucket:
    try:
        capacity, refill, tarpit = (*text.split(","), "0")[:3]
        return TokenBucket(int(capacity), float(refill), int(tarpit))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not CAPACITY,REFILL[,TARPIT]: {error}") from error


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
    parser.add_argument("--world", type=_world, metavar="FILE", help="serve this organization (JSON of export_world)")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="KIND,NAME=VALUE,...",
        help="make requests fail, for example status,status=500,path=/wit/,times=2; may be given several times",
    )
    parser.add_argument(
        "--throttle",
        type=_throttle,
        metavar="CAPACITY,REFILL[,TARPIT]",
        help="a rate limit for each person: requests at once, requests a second, requests that are only delayed",
    )
    parser.add_argument("--control", action="store_true", help="answer /_simulator: faults, clock, tokens, world")
    parser.add_argument(
        "--clock-rate", type=float, default=0.0, metavar="N", help="seconds that pass in one (default 0)"
    )
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
    organization = options.world or seed_organization()
    organization.faults.add(*options.fault)
    organization.throttle, organization.clock.rate = options.throttle, options.clock_rate
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
        web_server(organization, certificate, control=options.control).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
