"""A token is found whatever stands directly before and after it: quotes, separators, escapes, colours, addresses."""

import random
import uuid

import pytest
from secrets_corpus import ALNUM, MAKERS, some_of
from secrets_in_use import HEX, TOKENS, password_of

from langchain_azure_devops.text.secrets import contains_secret, redact

KEY = b"test key"
BEFORE = (
    "", " ", "\t", '"', "'", "`", "=", ":", "//", "@", "(", "[", "{", "<", ">", "|", ",", ";", "_", "-", "+",
    "?t=", "&t=", "12:", "#", "$x=", "~", "https://", "://u:", "\\n", "\\r\\n", "\\t", "\\f", '\\"', '\\\\"',
    "\\\\n", "\\u003c", "\\u003D", "\\u0022", "\\x3d", "\\075", "%3A", "%2F", "%40", "%3d", "%22", "%253A",
    "&quot;", "&#61;", "&#x3d;", "=3D", "\x1b[m", "\x1b[0m", "\x1b[32m", "\x1b[1;32m", "\\u001b[32m", "\u200b",
    "é",
)  # fmt: skip
AFTER = (
    "", " ", "@", "@host", ":", ":x@host", ",", ";", ")", "]", "}", '"', "'", "`", "\\n", "\\r\\n", '\\"',
    "\\u003e", "%40", "%22", "%0A", "&amp;", "&x=1", "&quot;", "<", "|", "\x1b[0m", "!", "?",
)  # fmt: skip
FORMS = {**MAKERS, **TOKENS}
CHANCE = 2
"""Of 1,500 made-up tokens, so many may hold the word of a placeholder."""


def left(secret: str, shown: str) -> bool:
    return any(secret[at : at + 12] in shown for at in range(len(secret) - 11))


@pytest.mark.parametrize("kind", FORMS)
def test_a_token_is_found_between_all_edges(kind):
    r = random.Random(20261201)  # noqa: S311 - made-up data
    missed = []
    for before in BEFORE:
        for after in AFTER:
            secret = FORMS[kind](r)
            if left(secret, redact(f"a log line {before}{secret}{after} and more", KEY)):
                missed.append((before, after))
    assert len(missed) <= CHANCE, missed


def guid(r: random.Random) -> str:
    return str(uuid.UUID(int=r.getrandbits(128)))


COMMANDS = {
    "snyk auth {}": guid,
    "mvn sonar:sonar -Dsonar.login={}": lambda r: some_of(r, HEX, 40),
    "sonar.token={}": lambda r: some_of(r, HEX, 40),
    '/d:sonar.login="{}"': lambda r: some_of(r, HEX, 40),
    "git clone https://{}@git.example.org/x": lambda r: some_of(r, ALNUM, 40),
    "git clone https://{}:x-oauth-basic@git.example.org/x": lambda r: some_of(r, ALNUM, 40),
    "az keyvault secret set --vault-name v --name n --value {}": password_of,
    "az keyvault secret set --vault-name v \\\n  --name n \\\n  --value '{}'": password_of,
    "az pipelines variable create --name n --secret true --value {} --pipeline-id 1": password_of,
    "az pipelines variable-group variable update --group-id 1 --name n --value {} --secret true": password_of,
    "gh secret set DEPLOY --body {}": password_of,
    'gh secret set DEPLOY -R o/r -b "{}"': password_of,
    "setx DEPLOY_TOKEN {}": password_of,
    'setx /M DB_PASSWORD "{}"': password_of,
    'dotnet user-secrets set "Db:Connection" "{}"': password_of,
    "dotnet user-secrets set Key {} --project x": password_of,
    "echo 'build:{}' | chpasswd": password_of,
    "echo build:{} | sudo chpasswd": password_of,
    "mongosh --host h -u build -p {}": password_of,
    "mongodump -u build -p '{}' --db x": password_of,
    "bcp db.dbo.t out f.dat -S h -U sa -P {}": password_of,
    "ldapsearch -x -D cn=build -w {} -b dc=x": password_of,
    "unzip -P {} a.zip": password_of,
    "zip -r -P '{}' a.zip x": password_of,
    "net use x: \\\\host\\share /user:build {}": password_of,
    "net use x: \\\\host\\share {} /user:build": password_of,
    "smbclient //host/share -U build%{}": password_of,
}


@pytest.mark.parametrize("place", COMMANDS)
def test_the_secret_of_a_command_is_found(place):
    r = random.Random(20261202)  # noqa: S311 - made-up data
    secrets = [COMMANDS[place](r) for _ in range(48)]
    missed = [secret for secret in secrets if secret in redact(place.format(secret), KEY)]
    assert len(missed) <= CHANCE - 1, missed


PHRASES = ("API key", "Api Key", "Your subscription key", "Storage account key", "Access key", "the Azure key")


@pytest.mark.parametrize("name", PHRASES)
@pytest.mark.parametrize("place", ["{}: {}", "{} = {}", "**{}**: {}", '{}: "{}"', '"{}": "{}"'])
def test_a_name_of_several_words_is_a_name(name, place):
    r = random.Random(20261203)  # noqa: S311 - made-up data
    secrets = [some_of(r, ALNUM, 32) for _ in range(48)]
    missed = [secret for secret in secrets if secret in redact(place.format(name, secret), KEY)]
    assert len(missed) <= CHANCE - 1, missed


@pytest.mark.parametrize("before", ["?", "&", "&amp;", "\\u0026", "%26"])
def test_the_key_of_a_function_is_found_in_every_spelling_of_its_address(before):
    r = random.Random(20261204)  # noqa: S311 - made-up data
    secrets = [some_of(r, ALNUM + "-_", 54) + "==" for _ in range(48)]
    missed = [secret for secret in secrets if secret in redact(f"https://f/api/x?a=1{before}code={secret}", KEY)]
    assert not missed


@pytest.mark.parametrize(
    "line",
    [
        "public key: x9Kd82mNq0Zp41Lw",
        "Sort key: a1b2c3d4e5f6a7b8",
        "cache key: 5f2aa9c1d0e4b7a6",
        "#password_encryption = scram-sha-256\t# scram-sha-256 or md5",
        '$switch .= qq{ -U "$vars->{proxy_user}:$vars->{proxy_pass}" -x "$vars->{http_proxy}"};',
        "git clone https://build@dev.azure.com/tide/_git/x",
        "git clone https://an-organisation-of-many-words@dev.azure.com/tide/_git/x",
        "az pipelines variable create --name n --value Kestrel!4747 --secret false",
        "gh variable set REGION --body west-europe-17",
        "az keyvault secret set --name n --vault-name v --value $(DbPassword)",
        "setx JAVA_HOME C:\\jdk-21.0.2+13",
        "unzip -o a-1.2.3.zip",
        "net use x: \\\\host\\share /delete",
        "https://host/" + "5gpicacch4vwuslyg7bumj2tydfnbbznisryn7zzcqaozme5xfib" + "/index.html",
        "<path>/cache/" + "5gpicacch4vwuslyg7bumj2tydfnbbznisryn7zzcqaozme5xfib" + "-lib.so",
    ],
)
def test_what_only_looks_like_it_is_left_alone(line):
    assert redact(line, KEY) == line


def test_the_name_of_a_passed_test_is_no_password():
    assert not contains_secret("    --- PASS: TestAdvisory_GHSA_3fxj_x82m_4qq9 (0.00s)")
    assert contains_secret("--- PASS: Zx9kLm2PqR7v")
    assert contains_secret("PASS: TestAdvisory_GHSA_3fxj_x82m_4qq9")
