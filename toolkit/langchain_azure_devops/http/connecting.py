"""Connect a socket to a host that may have several addresses.

asyncio's own way of trying several addresses loses a connected socket when it is cancelled at the wrong moment.
"""

import asyncio
import socket
from itertools import chain, zip_longest
from typing import NamedTuple

_NEXT_ADDRESS_SECONDS = 0.25
"""How long one address may take before the next one is tried beside it (RFC 8305)."""


class _Address(NamedTuple):
    """One address of a host, in the order in which the system returns its parts."""

    family: socket.AddressFamily
    kind: socket.SocketKind
    protocol: int
    name: str
    address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


async def open_socket(host: str, port: int, local_address: str | None = None) -> socket.socket:
    """Connect to the address that answers first. Whatever else was opened is closed, also when this is cancelled.

    Args:
        host: The name or address of the host.
        port: The port.
        local_address: The address of this machine to connect from.

    Raises:
        OSError: The host has no address, or none of them can be reached.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    waiting = _alternate([_Address(*each) for each in found])
    opened: list[socket.socket] = []
    errors: list[OSError] = []
    attempts: set[asyncio.Task[None]] = set()
    try:
        while not opened and (waiting or attempts):
            if waiting:
                attempts.add(asyncio.create_task(_connect(waiting.pop(0), local_address, opened, errors)))
            patience = _NEXT_ADDRESS_SECONDS if waiting else None
            _, attempts = await asyncio.wait(attempts, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if opened:
            return opened.pop(0)
        reasons = list(dict.fromkeys(map(str, errors)))
        raise errors[0] if len(reasons) == 1 else OSError("; ".join(reasons) or f"{host} has no address")
    finally:
        for attempt in attempts:
            attempt.cancel()
        for other in opened:
            other.close()


async def _connect(to: _Address, local_address: str | None, opened: list[socket.socket], errors: list[OSError]) -> None:
    """Connect a socket and add it to `opened`, or the reason why it cannot be connected to `errors`."""
    try:
        connection = socket.socket(to.family, to.kind, to.protocol)
    except OSError as error:
        errors.append(error)
        return
    try:
        connection.setblocking(False)
        if local_address is not None:
            connection.bind((local_address, 0))
        await asyncio.get_running_loop().sock_connect(connection, to.address)
    except OSError as error:
        connection.close()
        errors.append(error)
    except BaseException:
        connection.close()
        raise
    else:
        opened.append(connection)


def _alternate(addresses: list[_Address]) -> list[_Address]:
    """Order addresses so that their families take turns; the family that the system prefers comes first."""
    families: dict[int, list[_Address]] = {}
    for address in addresses:
        families.setdefault(address.family, []).append(address)
    return [address for address in chain.from_iterable(zip_longest(*families.values())) if address is not None]
