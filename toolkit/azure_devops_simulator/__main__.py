"""Serve an organization: `python -m azure_devops_simulator [--port N] [--token VALUE=SCOPE,SCOPE ...] [--world FILE]`.

It serves the seed organization unless `--world` or `--empty` names another one. `--save` writes it
to a file at the end. `--tls` makes a certificate for the hosts of the service, and `--certificate FILE --key FILE` uses
one of yours. `--fault`, `--throttle` and `--switch` make requests fail.

The first line of standard output is the base URL of the organization. Ctrl-C or SIGTERM ends it with exit code 0.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import re
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from azure_devops_simulator import INSTALL

if __name__ == "__main__":
    # Importing and the seed make objects that stay. Looking for garbage among them would take a seventh of the start.
    gc.disable()
try:
    from azure_devops_simulator.api.access import check_scopes
    from azure_devops_simulator.api.parsing import read_json
    from azure_devops_simulator.seed.organization import seed_organization
    from azure_devops_simulator.server.control import switch
    from azure_devops_simulator.server.request_log import RequestLog
    from azure_devops_simulator.server.server import Certificate, base_url, web_server
    from azure_devops_simulator.server.serving import listen
    from azure_devops_simulator.server.tls import instructions, make_certificate
    from azure_devops_simulator.state.faults import Fault, TokenBucket, parse_fault
    from azure_devops_simulator.state.organization import Organization
    from azure_devops_simulator.state.people import FULL_ACCESS
    from azure_devops_simulator.state.values import JsonValue
    from azure_devops_simulator.world.export import import_world
    from azure_devops_simulator.world.saving import save_world
except ModuleNotFoundError as error:
    sys.exit(f"The simulator needs the library {error.name!r}. {INSTALL}")

_LOOPBACK = "127.0.0.1"
_TLS_FOLDER = Path("azure-devops-simulator-tls")
READ_ONLY = ("vso.build", "vso.code", "vso.profile", "vso.project", "vso.work")


def _token(text: str) -> tuple[str, list[str]]:
    value, equals, scopes = text.partition("=")
    names = [scope for scope in scopes.split(",") if scope.strip()]
    if not value or not equals or not names:
        raise argparse.ArgumentTypeError(f"{text!r} is not VALUE=SCOPE,SCOPE (app_token is full access)")
    try:
        check_scopes(names)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return value, names


def _switch(text: str) -> tuple[str, JsonValue]:
    name, _, value = text.partition("=")
    try:
        return name, read_json(value.encode())
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=JSON: {error}") from error


def _world(text: str) -> Organization:
    try:
        world = read_json(Path(text).read_bytes())
        return import_world(dict(world) if isinstance(world, Mapping) else {})
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error


def _empty(text: str) -> Organization:
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a name of letters, digits and inner hyphens (at most 50)")
    return Organization(text)


def _save(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"cannot write the file {text}")
    return path


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


def _add_switches(parser: argparse.ArgumentParser) -> None:
    """Add the options that make requests fail or change the organization."""
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="KIND,NAME=VALUE,...",
        help="make requests fail, for example status,status=500,path=/wit/,times=2; repeat it for more faults",
    )
    parser.add_argument(
        "--throttle",
        type=_throttle,
        metavar="CAPACITY,REFILL[,TARPIT]",
        help="a rate limit for each user: requests at once, requests a second, requests that are only delayed",
    )
    parser.add_argument(
        "--switch",
        type=_switch,
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="change the organization at the start as the control endpoint would later, for example "
        """settings={"work_item_lag":60} or hidden={"user":"svc-agent","project":"Payments"}; """
        "repeat it for more switches",
    )
    parser.add_argument(
        "--control", action="store_true", help="answer /_simulator, which changes faults, clock, tokens and world"
    )
    parser.add_argument(
        "--clock-rate",
        type=float,
        default=0.0,
        metavar="N",
        help="seconds of the organization that pass in one second (default 0)",
    )


def _add_address(parser: argparse.ArgumentParser) -> None:
    """Add the options about the address and TLS."""
    parser.add_argument("--port", type=int, default=0, help="the port (default: a free one)")
    parser.add_argument(
        "--host",
        default=_LOOPBACK,
        metavar="ADDRESS",
        help=f"the address to listen on; 0.0.0.0 is reached from other machines (default {_LOOPBACK})",
    )
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="serve TLS with this certificate chain (PEM)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="the private key of the certificate (PEM)")
    parser.add_argument(
        "--tls",
        type=Path,
        nargs="?",
        const=_TLS_FOLDER,
        metavar="FOLDER",
        help="serve TLS with a certificate for the hosts of the service, made in this folder at first use "
        f"(default {_TLS_FOLDER}), and explain how clients trust it",
    )


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m azure_devops_simulator",
        description="Serve a simulated Azure DevOps organization on a local port.",
    )
    _add_address(parser)
    parser.add_argument(
        "--token",
        type=_token,
        action="append",
        metavar="VALUE=SCOPE,SCOPE",
        help="a personal access token and its scopes; app_token is full access; repeat it for more tokens",
    )
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--world", type=_world, metavar="FILE", help="serve this organization (JSON of export_world)")
    chosen.add_argument(
        "--empty", type=_empty, metavar="NAME", help="serve an organization of this name without anything"
    )
    parser.add_argument(
        "--save", type=_save, metavar="FILE", help="at the end, write the organization to this file, for --world"
    )
    parser.add_argument(
        "--strict", action="store_true", help="answer 501 to what is not simulated (default: 404 or 400)"
    )
    parser.add_argument("--verbose", action="store_true", help="print each request on stderr")
    _add_switches(parser)
    options = parser.parse_args(arguments)
    if (options.certificate is None) != (options.key is None):
        parser.error("give --certificate and --key together")
    if options.tls and options.certificate:
        parser.error("give either --tls or --certificate")
    return options


def _add_tokens(organization: Organization, given: list[tuple[str, list[str]]] | None) -> list[str]:
    """Add the given tokens, or make one with full access and one that only reads, and return lines that show them."""
    for value, scopes in given or ():
        organization.add_token(value, scopes)
    made = (("full access", (FULL_ACCESS,)), ("read only", READ_ONLY)) if given is None else ()
    return [f"{label} token: {organization.add_token(secrets.token_hex(26), scopes).value}" for label, scopes in made]


def _organization(options: argparse.Namespace) -> tuple[Organization, list[str]]:
    """Return the organization with all options applied, and the lines about the tokens that were made.

    Raises:
        ValueError: a switch does not fit this organization.
        TypeError: a value of a switch has the wrong type.
    """
    organization: Organization = options.world or options.empty or seed_organization()
    organization.faults.add(*options.fault)
    organization.throttle, organization.clock.rate = options.throttle, options.clock_rate
    lines = _add_tokens(organization, options.token)
    for name, value in options.switch:
        switch(organization, name, value)
    return organization, lines


def _certificate(options: argparse.Namespace, organization: Organization) -> Certificate | None:
    if options.tls:
        return make_certificate(options.tls, organization.name)
    return Certificate(options.certificate, options.key) if options.certificate else None


def _warn_of_others(listener: socket.socket, control: bool) -> None:
    host, port = listener.getsockname()[:2]
    if not ip_address(host).is_loopback:
        end = ", and so can its control endpoint, which asks for no token" if control else ""
        print(f"warning: other machines can reach the simulator at port {port}{end}", file=sys.stderr)


def _end(organization: Organization, requests: RequestLog, save: Path | None) -> int:
    """Save the organization, say what clients missed, and return the exit code."""
    print(requests.summary(), end="", file=sys.stderr)
    try:
        if save:
            save_world(organization, save)
    except OSError as error:
        print(f"cannot save the organization: {error}", file=sys.stderr)
        return 1
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Serve the organization until interrupted."""
    options = _arguments(arguments)
    try:
        organization, lines = _organization(options)
        certificate = _certificate(options, organization)
        requests = RequestLog(verbose=options.verbose)
        server = web_server(
            organization, certificate, control=options.control, strict=options.strict, requests=requests
        )
    except ModuleNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    except (ValueError, TypeError) as error:
        print(f"cannot set up the organization: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        used = options.tls or f"{options.certificate} with the key {options.key}"
        print(f"cannot use the certificate {used}: {error}", file=sys.stderr)
        return 2
    try:
        listener = listen(options.port, options.host)
    except (OSError, OverflowError) as error:
        place = f"port {options.port}" if options.host == _LOOPBACK else f"port {options.port} of {options.host}"
        print(f"cannot listen on {place}: {error}", file=sys.stderr)
        return 1

    def announce() -> None:
        print(base_url(organization, listener, certificate), *lines, sep="\n", flush=True)
        if options.tls and certificate:
            print(instructions(certificate, organization.name, listener.getsockname()[1]), end="", flush=True)
        _warn_of_others(listener, options.control)

    server.when_started = announce
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    with contextlib.suppress(KeyboardInterrupt):
        # The server ends cleanly on both signals and then raises the signal again for its caller.
        server.run(sockets=[listener])
    return _end(organization, requests, options.save)


if __name__ == "__main__":
    # Ctrl-C and SIGTERM end the start as they end the server, and neither is a failure.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
