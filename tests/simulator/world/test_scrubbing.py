"""Neither people nor secrets get into a scrubbed recording, in no form that the page names and at no place."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azure_devops_simulator import export_world, scrub, world_from_recording

PAT = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"
KEY = ["-----BEGIN RSA PRIVATE KEY-----", "MIIEowIBAAKCAQEA7bq", "Zm9vYmFyYmF6", "-----END RSA PRIVATE KEY-----"]
PEOPLE = [
    ("Ada Lovelace", "ada@acme.test", "0d2c4f1e-0000-4000-8000-00000000000a"),
    ("Li", "li@acme.test", "0d2c4f1e-0000-4000-8000-00000000000b"),
    ("José Núñez-Ångström", "ACME\\josé.n", "0d2c4f1e-0000-4000-8000-00000000000c"),
    ("李雷", "lilei@acme.test", "0d2c4f1e-0000-4000-8000-00000000000d"),
    ("System", "system@acme.test", "0d2c4f1e-0000-4000-8000-00000000000e"),
]


def identities() -> list[dict[str, str]]:
    return [{"displayName": name, "uniqueName": mail, "id": number} for name, mail, number in PEOPLE]


def recording(row: dict[str, Any]) -> dict[str, Any]:
    learned = {"method": "GET", "path": "/_apis/x", "query": [], "sent": "", "status": 200, "headers": {}}
    exchanges = [{**learned, "body": {"value": identities()}}, {**learned, **row}]
    return {"provenance": {"organization": "acme"}, "exchanges": exchanges}


def scrubbed(row: dict[str, Any]) -> dict[str, Any]:
    exchanges: Any = scrub(recording(row))["exchanges"]
    return dict(exchanges[1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ask Ada Lovelace, ada@acme.test", "ask Person 1, person1@example.invalid"),
        ("ADA LOVELACE", "Person 1"),
        ("Adaline is not Ada", "Adaline is not Ada"),
        ("/u/Ada%20Lovelace/x?a=ada%40acme.test", "/u/Person%201/x?a=person1@example.invalid"),
        ("q=by%20Ada+Lovelace&x", "q=by%20Person+1&x"),
        ("by%2520Ada%2520Lovelace", "by%2520Person%201"),
        ('{"t": "\\nAda Lovelace"}', '{"t": "\\nPerson 1"}'),
        ("x_Ada Lovelace_y", "x_Person 1_y"),
        ("Li, and Liam <li>", "Person 2, and Liam <li>"),
        ("by%20Li%20", "by%20Person 2%20"),
        ("José Núñez-Ångström", "Person 3"),
        ("Jose\u0301 Nu\u0301n\u0303ez-A\u030angstro\u0308m", "Person 3"),
        ("Jos\\u00e9 N\\u00fa\\u00f1ez-\\u00c5ngstr\\u00f6m", "Person 3"),
        ("Jos&#233; N&#250;&#xF1;ez-&#xc5;ngstr&#246;m", "Person 3"),
        ("by 李雷.", "by Person 4."),
        ("0D2C4F1E-0000-4000-8000-00000000000A", "user-1"),
        ("0d2c4f1e00004000800000000000000a", "user-1-plain"),
        ("bob@acme.test and again bob%40acme.test", "person6@example.invalid and again person6@example.invalid"),
        ('"\\nbob@acme.test"', '"\\nperson6@example.invalid"'),
        ("git@ssh.acme.test:v3/acme", "git@ssh.acme.test:v3/acme"),
        (f"pat {PAT}.", "pat secret-1."),
        (f"pat {'A' * 76}AZDO1234 twice {'A' * 76}AZDO1234", "pat secret-1 twice secret-1"),
        (f"Bearer {JWT}", "Bearer secret-1"),
        ("ghp_" + "a" * 36, "secret-1"),
        ("at%20xoxb-1234567890-abc", "at%20secret-1"),
        ("AKIAABCDEFGHIJKLMNOP", "secret-1"),
        ("AccountKey=" + "a" * 44 + "==;End", "AccountKey=secret-1;End"),
        ("SharedAccessKeyName=Root;SharedAccessKey=abcd1234=;", "SharedAccessKeyName=Root;SharedAccessKey=secret-1;"),
        ("Password=hunter2hunter2;", "Password=secret-1;"),
        ('{"password": "correct horse"}', '{"password": "secret-1"}'),
        ('"{\\"dbPassword\\":\\"hunter2\\"}"', '"{\\"dbPassword\\":\\"secret-1\\"}"'),
        ("DB_PASSWORD:   hunter2", "DB_PASSWORD:   secret-1"),
        ("a: 1\n  - token: correct horse\nb: 2", "a: 1\n  - token: secret-1\nb: 2"),
        ("12:00 token: hunter2 sent", "12:00 token: secret-1 sent"),
        ("api_key=hunter2 apikey: hunter3", "api_key=secret-1 apikey: secret-2"),
        ("client_secret=hunter2&access_token=hunter3", "client_secret=secret-1&access_token=secret-2"),
        ("?sv=2024&sig=ab%2Fcd%3D&se=1", "?sv=2024&sig=secret-1&se=1"),
        ("redirect=%3Ftoken%3Dhunter2", "redirect=%3Ftoken%3Dsecret-1"),
        ("curl -H 'Authorization: Basic OnBhdHBhdA=='", "curl -H 'Authorization: Basic secret-1'"),
        ("curl -H 'Cookie: a=hunter2; b=hunter3' x", "curl -H 'Cookie: secret-1' x"),
        ("Set-Cookie: a=hunter2; b=hunter3", "Set-Cookie: secret-1"),
        ("sent Basic OnBhdHBhdA==", "sent Basic secret-1"),
        ("Basic training", "Basic training"),
        ("login --password hunter2 --verbose", "login --password secret-1 --verbose"),
        ("https://me:hunter2@host/x", "https://me:secret-1@host/x"),
        ("<password>hunter2</password>", "<password>secret-1</password>"),
        ("password: $(DbPassword)", "password: $(DbPassword)"),
        ("password: ${{ secrets.DbPassword }}", "password: ${{ secrets.DbPassword }}"),
        ("password: $(A)hunter2", "password: secret-1"),
        ("token = read_token(path)", "token = read_token(path)"),
        ("password=secret-1", "password=secret-1"),
        ("continuationToken=abcdefgh", "continuationToken=abcdefgh"),
        ("\n".join(KEY), "secret-1"),
        ("\n".join(KEY[:3]), "secret-1"),
        ("f" * 40, "f" * 40),
    ],
)
def test_what_is_replaced_in_a_text(text: str, expected: str) -> None:
    ids = {"user-1": scrubbed({"body": identities()})["body"][0]["id"]}
    ids["user-1-plain"] = ids["user-1"].replace("-", "")
    assert scrubbed({"body": {"text": text}})["body"]["text"] == ids.get(expected, expected)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"Ada Lovelace": 1, "System.Title": "x"}, {"Person 1": 1, "System.Title": "x"}),
        ({"System.PersonId": 7}, {}),
        ({"password": "hunter2"}, {"password": "secret-1"}),
        ({"variables": {"DbPassword": {"value": "hunter2"}}}, {"variables": {"DbPassword": {"value": "secret-1"}}}),
        ([{"name": "apiKey", "value": "hunter2"}], [{"name": "apiKey", "value": "secret-1"}]),
        ({"headers": {"Content-Type": "a/b", "X-Any": "y"}}, {"headers": {"Content-Type": "a/b"}}),
        (["a", *KEY, "b"], ["a", "secret-1", "secret-2", "secret-3", "secret-4", "b"]),
        ([f"1Z {line}" for line in KEY] + ["b"], ["1Z secret-1", "secret-2", "secret-3", "secret-4", "b"]),
    ],
)
def test_what_is_replaced_in_json(body: Any, expected: Any) -> None:
    assert scrubbed({"body": body})["body"] == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_contents_in_base64_keep_their_encoding(encoding: str) -> None:
    before = "für José Núñez-Ångström and Ada Lovelace\nmit password=hunter2 später\n".encode(encoding)
    found = scrubbed({"base64": base64.b64encode(before).decode()})["base64"]
    wanted = "für Person 3 and Person 1\nmit password=secret-1 später\n"
    assert base64.b64decode(found) == wanted.encode(encoding)


@pytest.mark.parametrize("text", ["-" * 200_000, "a" * 200_000 + "@", "token " * 30_000, "-----BEGIN " * 20_000])
def test_long_texts_take_no_more_than_their_share(text: str) -> None:
    assert scrubbed({"text": text})["text"] == text


def test_what_is_no_text_stays() -> None:
    picture = base64.b64encode(bytes(range(256)) + b" Li ").decode()
    assert scrubbed({"base64": picture})["base64"] == picture


def coded(text: str, encoding: str) -> str:
    return base64.b64encode(f"a\n{text}\n".encode(encoding)).decode()


PLACES: dict[str, Callable[[str], dict[str, Any]]] = {
    "path": lambda text: {"path": f"/P/_apis/x/{text.replace('/', '_')}/y"},
    "encoded path": lambda text: {"path": f"/P/_apis/x/{quote(text, safe='')}"},
    "query": lambda text: {"query": [["q", text], ["r", f"a {text} b"]]},
    "encoded query": lambda text: {"query": [["q", quote(quote(text, safe=""), safe="")], ["r", quote_plus(text)]]},
    "sent": lambda text: {"sent": {"query": f"x '{text}'"}},
    "sent text": lambda text: {"sent": json.dumps({"x": [text]})},
    "header": lambda text: {"headers": {"Set-Cookie": text, "Location": text, "Authorization": text}},
    "member": lambda text: {"body": {"a": [{"b": {"c": text}}]}},
    "key": lambda text: {"body": {text: {f"a {text}": 1}}},
    "lines": lambda text: {"body": {"value": ["first", f"2026-01-01T00:00:00Z {text}", *text.split("\n")]}},
    "text": lambda text: {"text": f"before\n{text}\nafter {text} ({text})\r\n"},
    "JSON in a text": lambda text: {"text": json.dumps(json.dumps({"x": f"\n{text}"}))},
    "UTF-8": lambda text: {"base64": coded(text, "utf-8")},
    "UTF-16": lambda text: {"body": {"content": coded(text, "utf-16")}},
    "failure": lambda text: {"status": 404, "body": {"message": f"TF1: {text} is gone"}},
}


def random_text(alphabet: str, least: int, most: int) -> st.SearchStrategy[str]:
    """Return texts of random letters, which are no words that stand elsewhere."""
    start = "".join(sorted(alphabet, reverse=True))[:3]
    return st.text(alphabet, min_size=least - 3, max_size=most - 3).map(lambda text: start + text)


CAPITALS = "GHIJKLMNOPQRSTUVWXYZ"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SECRETS = st.one_of(
    random_text(LETTERS + "234567", 52, 52).map(lambda text: (text, text)),
    random_text(LETTERS.upper() + "0123456789", 76, 76).map(lambda text: (f"{text}AZDO4x2y", text)),
    random_text(LETTERS + "0123456789", 36, 40).map(lambda text: (f"ghp_{text}", text)),
    random_text(LETTERS + "0123456789", 12, 30).map(lambda text: (f"xoxb-{text}", text)),
    random_text(CAPITALS, 16, 16).map(lambda text: (f"AKIA{text}", text)),
    random_text(LETTERS + "0123456789", 12, 30).map(lambda text: (f"eyJ{text}.eyJ{text}.{text}", text)),
    st.tuples(
        st.sampled_from(["password", "DB_PASSWORD", "clientSecret", "api_key", "access_token", "AccountKey", "sig"]),
        st.sampled_from([("=", ""), (": ", ""), (":   ", ""), ('": "', '"'), ("': '", "'")]),
        random_text(CAPITALS, 8, 20),
    ).map(lambda parts: (f"{parts[0]}{parts[1][0]}{parts[2]}{parts[1][1]}", parts[2])),
    st.sampled_from([(word, word) for name, mail, number in PEOPLE[:1] for word in (name, mail, number)]),
    st.just(("\n".join(KEY), KEY[1])),
)


@settings(max_examples=300, deadline=None)
@given(SECRETS, st.sampled_from(sorted(PLACES)))
def test_a_secret_gets_from_no_place_into_a_recording_or_its_world(secret: tuple[str, str], place: str) -> None:
    written, hidden = secret
    before = recording(PLACES[place](written))
    after = scrub(before)
    texts = [json.dumps(after, ensure_ascii=False), json.dumps(export_world(world_from_recording(before).organization))]
    row: Any = after["exchanges"]
    content = row[1].get("base64") or (row[1].get("body") or {}).get("content")
    if place in {"UTF-8", "UTF-16"}:
        texts.append(base64.b64decode(content).decode(place))
    for text in texts:
        for form in {hidden, quote(hidden, safe=""), quote_plus(hidden), quote(quote(hidden, safe=""), safe="")}:
            assert form not in text, place
