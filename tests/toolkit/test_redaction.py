"""Secrets out, look-alikes left alone."""

import base64
import random
import string
import uuid

import pytest

from langchain_azure_devops.redaction import PSEUDONYM, redact

KEY = b"test key"
RANDOM = random.Random(20261120)  # noqa: S311 - made-up data


def made(alphabet, length):
    return "".join(RANDOM.choice(alphabet) for _ in range(length))


BASE32 = string.ascii_lowercase + "234567"
OLD_PAT = made(BASE32, 52)
NEW_PAT = f"{made(string.ascii_letters + string.digits, 76)}AZDO{made(string.ascii_letters + string.digits, 4)}"
ACCOUNT_KEY = base64.b64encode(RANDOM.randbytes(64)).decode()
SECRETS = {
    "old pat": (OLD_PAT, f"git clone https://x:{OLD_PAT}@dev.azure.com/contoso"),
    "new pat": (NEW_PAT, f"AZURE_DEVOPS_PAT={NEW_PAT}"),
    "basic": (
        base64.b64encode(f":{OLD_PAT}".encode()).decode(),
        f"Authorization: Basic {base64.b64encode(f':{OLD_PAT}'.encode()).decode()}",
    ),
    "storage": (ACCOUNT_KEY, f"DefaultEndpointsProtocol=https;AccountName=tide;AccountKey={ACCOUNT_KEY};Suffix=x"),
    "jwt": ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijklmnop", None),
    "aws": ("AKIA" + made(string.ascii_uppercase + "234567", 16), None),
    "github": ("ghp_" + made(string.ascii_letters + string.digits, 36), None),
    "password": ("Tr0ub4dor&3x", "Server=tcp:db;Database=x;User ID=sa;Password=Tr0ub4dor&3x;Encrypt=true"),
    "private key": ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw", None),
}


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_becomes_a_pseudonym(name):
    secret, text = SECRETS[name]
    if name == "private key":
        text = f"-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----"
    found: dict[str, str] = {}
    shown = redact(text or f"token: {secret}", KEY, found.__setitem__)
    assert secret not in shown
    assert PSEUDONYM.search(shown)
    assert any(secret in kept for kept in found.values())


def test_the_same_secret_has_the_same_pseudonym_and_another_key_another():
    text = f"AccountKey={ACCOUNT_KEY}"
    assert redact(text, KEY) == redact(text, KEY)
    assert redact(text, KEY) != redact(text, b"another")


@pytest.mark.parametrize(
    "innocent",
    [
        str(uuid.UUID(int=RANDOM.getrandbits(128))),
        made("0123456789abcdef", 40),
        made("0123456789abcdef", 64),
        "AccountKey=EXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLE==",
        "password = os.environ['DB_PASSWORD']",
        "Password=$(DbPassword);",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "The basic idea is to read the documentation first",
        "the key = value format",
    ],
)
def test_a_look_alike_is_left_alone(innocent):
    assert redact(innocent, KEY) == innocent
