"""Made-up secrets in the places where real ones are found, and what looks like them and is none.

Secrets are put together from parts when the tests run, from one seed: no file of this repository holds a string that a
scanner of pushes takes for a live key.
"""

import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple

ALNUM = string.ascii_letters + string.digits
B64 = ALNUM + "+/"
URL64 = ALNUM + "-_"
BASE32 = string.ascii_lowercase + "234567"
EACH = 40


class Labelled(NamedTuple):
    """A text, the kind of secret in it and the secret; no secret in a look-alike."""

    kind: str
    text: str
    secret: str = ""


def some_of(random_: random.Random, alphabet: str, length: int) -> str:
    return "".join(random_.choices(alphabet, k=length))


def key_of(random_: random.Random, size: int) -> str:
    return base64.b64encode(random_.randbytes(size)).decode()


def _pat84(r: random.Random) -> str:
    return some_of(r, ALNUM, 76) + "AZ" + "DO" + some_of(r, ALNUM, 4)


def _pat52(r: random.Random) -> str:
    return some_of(r, BASE32, 52)


def basic_of(user: str, pat: str) -> str:
    return base64.b64encode(f"{user}:{pat}".encode()).decode()


def _pem(r: random.Random, name: str, width: int = 64) -> str:
    body = key_of(r, 600)
    lines = [body[at : at + width] for at in range(0, len(body), width)]
    return "\n".join([f"-----BEGIN {name}PRIVATE" + " KEY-----", *lines, f"-----END {name}PRIVATE" + " KEY-----"])


def jwt_of(r: random.Random) -> str:
    part = lambda data: base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")  # noqa: E731 - short
    return ".".join(
        [part({"alg": "RS256", "typ": "JWT"}), part({"sub": some_of(r, ALNUM, 20), "exp": 1}), some_of(r, URL64, 86)]
    )


def password_of(r: random.Random) -> str:
    word = r.choice(["Kestrel", "tidewrack", "Harbour", "bollard", "Sextant"])
    return (
        word
        + r.choice("!#%&+?_-.@")
        + some_of(r, string.digits, 3)
        + r.choice("!?%")
        + some_of(r, string.ascii_letters, 3)
    )


MAKERS: dict[str, Callable[[random.Random], str]] = {
    "PAT, 84 characters": _pat84,
    "PAT, 52 characters": _pat52,
    "Base64 of :PAT, 84": lambda r: basic_of("", _pat84(r)),
    "Base64 of :PAT, 52": lambda r: basic_of("", _pat52(r)),
    "Base64 of user:PAT": lambda r: basic_of(
        some_of(r, string.ascii_lowercase, r.randint(1, 14)), r.choice([_pat52, _pat84])(r)
    ),
    "storage key that names itself": lambda r: some_of(r, B64, 76) + "+A" + "St" + some_of(r, B64, 5) + "Q==",
    "service bus key that names itself": lambda r: some_of(r, B64, 33) + "+A" + "Sb" + "A" + some_of(r, B64, 5) + "=",
    "Entra client secret": lambda r: (
        some_of(r, ALNUM, 3) + some_of(r, string.digits, 1) + "Q" + "~" + some_of(r, ALNUM + "_.-", 34)
    ),
    "JWT": jwt_of,
    "AWS access key": lambda r: "AK" + "IA" + some_of(r, string.ascii_uppercase + "234567", 16),
    "Google API key": lambda r: "AI" + "za" + some_of(r, URL64, 35),
    "Google OAuth secret": lambda r: "GOC" + "SPX-" + some_of(r, URL64, 28),
    "GitHub token": lambda r: "gh" + r.choice("pousr") + "_" + some_of(r, ALNUM, 36),
    "GitHub fine-grained token": lambda r: "github" + "_pat_" + some_of(r, ALNUM, 22) + "_" + some_of(r, ALNUM, 59),
    "GitLab token": lambda r: "gl" + "pat-" + some_of(r, ALNUM, 20),
    "Slack token": lambda r: (
        "xo" + f"xb-{some_of(r, string.digits, 12)}-{some_of(r, string.digits, 12)}-{some_of(r, ALNUM, 24)}"
    ),
    "npm token": lambda r: "np" + "m_" + some_of(r, ALNUM, 36),
    "PyPI token": lambda r: "pypi-" + "AgEIcHlwaS5vcmc" + some_of(r, URL64, 140),
    "model provider's key": lambda r: "s" + "k-" + r.choice(["", "proj-", "ant-api03-"]) + some_of(r, ALNUM, 48),
    "Stripe key": lambda r: "sk" + "_live_" + some_of(r, ALNUM, 24),
    "SendGrid key": lambda r: "S" + "G." + some_of(r, URL64, 22) + "." + some_of(r, URL64, 43),
}
"""Secrets that are known by their own form, wherever they stand."""

PLACES: tuple[str, ...] = (
    "{}", "export CI_VALUE={}", 'value: "{}"', "{{\"a\": 1, \"value\": \"{}\"}}", "2026-11-20T09:30:05Z ##[debug]using {} now",
    "<setting value=\"{}\" />", "$x = '{}'", "Authorization: Basic {}", "see `{}` in the wiki", "url=https://host/?q={}",
    "{{\\\"value\\\": \\\"{}\\\"}}", "curl -H 'X-Key: {}' https://host", "left\t{}\tright", "({})", "key is {}, keep it", "[{}]",
)  # fmt: skip

SETTINGS: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "storage connection string": ("DefaultEndpointsProtocol=https;AccountName=tide;Account" + "Key={};EndpointSuffix=x", lambda r: key_of(r, 64)),
    "service bus connection string": ("Endpoint=sb://tide.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccess" + "Key={}", lambda r: key_of(r, 32)),
    "event hub connection string": ("Endpoint=sb://t/;SharedAccessKeyName=send;SharedAccess" + "Key={};EntityPath=hub", lambda r: key_of(r, 32)),
    "Cosmos DB connection string": ("AccountEndpoint=https://t.documents.azure.com:443/;Account" + "Key={};", lambda r: key_of(r, 64)),
    "storage key in a variable": ("AZURE_STORAGE" + "_KEY={}", lambda r: key_of(r, 64)),
    "SQL connection string": ("Server=tcp:db,1433;Database=x;User ID=sa;Pass" + "word={};Encrypt=true", password_of),
    "SQL connection string, short form": ("Data Source=db;uid=sa;p" + "wd={}", lambda r: some_of(r, string.ascii_lowercase, 9)),
    "shared access signature": ("https://t.blob.core.windows.net/c/f?sv=2024&se=2027&s" + "ig={}&sp=r", lambda r: key_of(r, 32).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")),
    "AWS secret key": ("aws_secret_access" + "key_of = {}", lambda r: some_of(r, B64, 40)),
    "URL with a password": ("git clone https://build:{}@git.host/x.git", lambda r: some_of(r, ALNUM, 12) + "1a"),
    "password, .env": ("DB_PASS" + "WORD={}", password_of),
    "password, YAML": ("database:\n  user: sa\n  pass" + "word: {}\n  port: 1433", password_of),
    "password, YAML in quotes": ("pass" + "word: '{}'", password_of),
    "password, JSON": ('{{"user": "sa", "pass' + 'word": "{}"}}', password_of),
    "password, JSON in a string": ('"{{\\"pass' + 'word\\": \\"{}\\"}}"', password_of),
    "password, XML attribute": ('<add key="DbPass' + 'word" value="{}" />', password_of),
    "password, XML element": ("<Pass" + "word>{}</Password>", password_of),
    "password, PowerShell": ('$adminPass' + 'word = "{}"', password_of),
    "password, securestring": ('ConvertTo-SecureString "{}" -AsPlainText -Force', password_of),
    "password, option": ("sqlcmd -S db --pass" + "word {} -Q x", password_of),
    "password, pipeline variable": ("- name: dbPass" + "word\n  value: {}", password_of),
    "secret, code": ('client_sec' + 'ret = "{}"', lambda r: some_of(r, ALNUM, 32) + "7q"),
    "token, properties": ("deploy.tok" + "en={}", lambda r: some_of(r, ALNUM, 30) + "7q"),
    "API key, JSON": ('"apiK' + 'ey": "{}"', lambda r: some_of(r, "0123456789abcdef", 31) + "f"),
    "private key": ("{}", lambda r: _pem(r, r.choice(["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "]))),
    "private key in one JSON string": ('{{"private_key": "{}"}}', lambda r: _pem(r, "").replace("\n", "\\n")),
    "private key cut at its end": ("key:\n{}", lambda r: "\n".join(_pem(r, "RSA ").split("\n")[:6])),
    "private key cut at its beginning": (
        "log: uploading\n{}\n-----END RSA PRIVATE" + " KEY-----",
        lambda r: "\n".join(_pem(r, "RSA ").split("\n")[-7:-1]),
    ),
    "middle of a private key": ("{}", lambda r: "\n".join(_pem(r, "OPENSSH ", 70).split("\n")[2:7])),
}  # fmt: skip
"""Secrets that are known by where they stand."""


def secrets_by_form(seed: int = 20261120) -> Iterator[Labelled]:
    """Each kind with a form of its own, in places of all kinds."""
    r = random.Random(seed)  # noqa: S311 - made-up data
    for kind, make in MAKERS.items():
        for index in range(EACH):
            secret = make(r)
            yield Labelled(kind, PLACES[index % len(PLACES)].format(secret), secret)


def secrets_by_place(seed: int = 20261121) -> Iterator[Labelled]:
    """Each kind of setting."""
    r = random.Random(seed)  # noqa: S311 - made-up data
    for kind, (place, make) in SETTINGS.items():
        for _ in range(EACH):
            secret = make(r)
            yield Labelled(kind, place.format(secret), secret)


BROKEN = ("PAT, 84 characters", "PAT, 52 characters", "Base64 of :PAT, 52", "JWT", "GitHub token", "Entra client secret",
          "Google API key", "npm token", "SendGrid key")  # fmt: skip


def secrets_broken(seed: int = 20261122) -> Iterator[tuple[Labelled, str, str]]:
    """Secrets in two parts: with a line break in a log between them. Gives the parts as well."""
    r = random.Random(seed)  # noqa: S311 - made-up data
    breaks = ("\n", "\r\n", "\n        ", " \\\n    ", '",\n  "', "\n| ")
    for kind in BROKEN:
        for index in range(EACH):
            secret = MAKERS[kind](r)
            at = r.randint(7, len(secret) - 7)
            left, right = secret[:at], secret[at:]
            text = f"2026-11-20 using {left}{breaks[index % len(breaks)]}{right} for the feed"
            yield Labelled(kind, text, secret), left, right


def lookalikes(seed: int = 20261123) -> Iterator[Labelled]:
    """What is no secret, generated: identifiers, digests and data of every length that a secret may have."""
    r = random.Random(seed)  # noqa: S311 - made-up data
    hexa = "0123456789abcdef"
    kinds: dict[str, Callable[[], str]] = {
        "GUID": lambda: str(uuid.UUID(int=r.getrandbits(128))),
        "list of GUIDs": lambda: "\n".join(str(uuid.UUID(int=r.getrandbits(128))) for _ in range(12)),
        "continuation token": lambda: f'"continuationToken": "{uuid.UUID(int=r.getrandbits(128))}"',
        "git object id": lambda: f"commit {some_of(r, hexa, 40)}\nparent {some_of(r, hexa, 40)}",
        "list of object ids": lambda: "\n".join(some_of(r, hexa, 40) for _ in range(12)),
        "SHA-256": lambda: f"sha256:{some_of(r, hexa, 64)}  dist/app-1.2.tar.gz",
        "list of SHA-256": lambda: "\n".join(f"    --hash=sha256:{some_of(r, hexa, 64)} \\" for _ in range(6)),
        "SHA-512": lambda: some_of(r, hexa, 128),
        "npm integrity": lambda: f'"integrity": "sha512-{key_of(r, 64)}"',
        "yarn integrity": lambda: f"  integrity sha512-{key_of(r, 64)}",
        "NuGet content hash": lambda: f'"contentHash": "{key_of(r, 64)}"',
        "go.sum": lambda: f"golang.org/x/net v0.{r.randint(1, 40)}.0 h1:{key_of(r, 32)}",
        "base64 image": lambda: "data:image/png;base64," + key_of(r, 400),
        "base64 image, wrapped": lambda: "\n".join(key_of(r, 57) for _ in range(10)),
        "certificate": lambda: "-----BEGIN CERTIFICATE-----\n" + "\n".join(key_of(r, 48) for _ in range(9)) + "\n-----END CERTIFICATE-----",
        "public key": lambda: f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{some_of(r, B64, 43)} build@tide",
        "minified script": lambda: ";".join(f"function {some_of(r, string.ascii_letters, 2)}(e,t){{return e.{some_of(r, string.ascii_lowercase, 6)}(t,{r.randint(1, 99)})}}" for _ in range(12)),
        "long identifier": lambda: "".join(r.choices(["get", "update", "pipeline", "repository", "release", "manager", "factory"], k=8)),
        "words run together": lambda: "".join(r.choices(["harbour", "tide", "berth", "crane", "cargo"], k=14))[:52],
        "file list": lambda: "\n".join(f"src/platform_api/{some_of(r, string.ascii_lowercase, 9)}/{some_of(r, string.ascii_lowercase, 11)}.py" for _ in range(12)),
        "word list": lambda: "\n".join(some_of(r, string.ascii_lowercase, 26) for _ in range(6)),
        "continuation in Base64": lambda: base64.urlsafe_b64encode(json.dumps(["", r.randint(1, 900), 0, some_of(r, hexa, 12)]).encode()).decode(),
        "ETag": lambda: f'ETag: W/"{some_of(r, hexa, 32)}"',
        "build number": lambda: f"20261120.{r.randint(1, 90)} {r.randint(10**6, 10**9)}",
        "docker digest": lambda: f"mcr.microsoft.com/dotnet/sdk@sha256:{some_of(r, hexa, 64)}",
    }  # fmt: skip
    for kind, make in kinds.items():
        for _ in range(EACH):
            yield Labelled(kind, make())
