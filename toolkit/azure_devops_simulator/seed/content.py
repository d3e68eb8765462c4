"""Seed files that are generated because they are long, binary, or too similar to real secrets to store."""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib

PORT_ROWS = 3000

_SYLLABLES = (
    "bre",
    "van",
    "tor",
    "lis",
    "mar",
    "ghen",
    "sund",
    "kai",
    "port",
    "ham",
    "nes",
    "vik",
    "dal",
    "ros",
    "ell",
    "ost",
)
_COUNTRIES = ("NL", "DE", "BE", "DK", "SE", "NO", "FI", "PL", "FR", "ES", "PT", "IT", "GB", "IE", "EE", "LV")
_ZONES = ("north-range", "baltic", "atlantic", "mediterranean")


def ports_csv() -> bytes:
    """Return the port table: a header and 3,000 rows."""
    lines = ["code,name,country,zone"]
    for number in range(PORT_ROWS):
        country = _COUNTRIES[number * 7 % len(_COUNTRIES)]
        letters = "".join(chr(65 + number // step % 26) for step in (676, 26, 1))
        name = "".join(_SYLLABLES[(number * step + step) % len(_SYLLABLES)] for step in (3, 5, 11)).capitalize()
        lines.append(f"{country}{letters},{name},{country},{_ZONES[number % len(_ZONES)]}")
    return ("\n".join(lines) + "\n").encode()


def logo_png() -> bytes:
    """Return a small picture, stored uncompressed so that it does not depend on the compression library."""
    side = 24
    rows = b"".join(b"\0" + bytes(v for x in range(side) for v in (10 * y % 256, 80, 7 * x % 256)) for y in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def lfs_pointer() -> bytes:
    """Return the text that git stores instead of a large file."""
    digest = hashlib.sha256(b"demand model").hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 73400320\n".encode()


def restart_script() -> bytes:
    """Return a Windows script with CRLF line ends."""
    lines = (
        "@echo off",
        "rem Restart the build agent service and wait until it listens again.",
        "net stop vstsagent.tidewater.windows-01",
        "timeout /t 5 /nobreak > nul",
        "net start vstsagent.tidewater.windows-01",
        "exit /b %ERRORLEVEL%",
    )
    return ("\r\n".join(lines) + "\r\n").encode()


def storage_account_key() -> str:
    """Return the key in the leaked connection string: 64 bytes in base64, as a storage account has it."""
    return base64.b64encode(hashlib.sha512(b"tidewater/checkout-service/storage").digest()).decode()


def storage_connection_string() -> str:
    """Return the leaked connection string."""
    return (
        "DefaultEndpointsProtocol=https;AccountName=sttidewatercheckout;"
        f"AccountKey={storage_account_key()};EndpointSuffix=core.windows.net"
    )


def storage_env() -> bytes:
    """Return the file that leaks it."""
    return f"RECEIPTS_CONTAINER=receipts\nSTORAGE_CONNECTION_STRING={storage_connection_string()}\n".encode()


def carrier_token() -> str:
    """Return the token of a carrier that a wiki page shows."""
    return hashlib.sha256(b"tidewater/northline/token").hexdigest()[:40]
