"""Secrets out, look-alikes left alone: counted for each kind on labelled data made up here."""

import re
from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest
from code_lookalikes import lines_of_code
from growth import assert_grows_in_proportion
from secrets_corpus import (
    EACH,
    MAKERS,
    SETTINGS,
    Labelled,
    lookalikes,
    secrets_broken,
    secrets_by_form,
    secrets_by_place,
)
from secrets_in_use import (
    BY_NAME,
    KEY_NAMES,
    NAMED,
    PASSWORDS,
    PLACED,
    TOKEN_NAMES,
    TOKENS,
    tokens_in_use,
    values_by_name,
    values_by_place,
)

from langchain_azure_devops import TOOLS
from langchain_azure_devops.adapters.langchain import bind
from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.lines import ScannedLines, number_lines
from langchain_azure_devops.text.secret_names import Secrecy, find_secrecy
from langchain_azure_devops.text.secret_rules import load_rules
from langchain_azure_devops.text.secret_values import is_random
from langchain_azure_devops.text.secret_words import load_words
from langchain_azure_devops.text.secrets import PSEUDONYM, contains_secret, redact, redact_all

KEY = b"test key"
WRITTEN = (Path(__file__).parent / "data" / "lookalikes.txt").read_text(encoding="utf-8").splitlines()[1:]
PIECE = 12
"""Characters of a secret in a row that must not be left."""
RECALL = 0.97
"""The least share of each kind that must be found."""
LEAST = {"JWT": 24}
"""Broken ones that must be found, where that is not all: what is left of the others is an end of the signature."""


def left_over(secret: str, shown: str) -> bool:
    if len(secret) <= PIECE:
        return secret in shown
    pieces = (secret[start : start + PIECE] for start in range(len(secret) - PIECE + 1))
    return any(piece in shown for piece in pieces)


def counted(title: str, found: Counter[str], of: Counter[str]) -> None:
    print(f"\n{title}")
    for kind, number in of.items():
        print(f"  {found[kind]:>4} of {number:<4} {kind}")


@pytest.mark.parametrize("make", [secrets_by_form, secrets_by_place])
def test_every_secret_of_every_kind_becomes_a_pseudonym(make):
    found, of = Counter[str](), Counter[str]()
    for labelled in make():
        of[labelled.kind] += 1
        known: dict[str, str] = {}
        shown = redact(labelled.text, KEY, known.__setitem__)
        found[labelled.kind] += not left_over(labelled.secret, shown) and PSEUDONYM.search(shown) is not None
        assert redact(shown, KEY) == shown
        assert set(known) == {match[0] for match in PSEUDONYM.finditer(shown)}
    counted("secrets found (recall)", found, of)
    assert len(of) == len(MAKERS if make is secrets_by_form else SETTINGS)
    assert set(of.values()) == {EACH}
    assert found == of


@pytest.mark.parametrize(
    ("make", "kinds"), [(tokens_in_use, TOKENS), (values_by_name, BY_NAME), (values_by_place, PLACED)]
)
def test_the_secrets_of_other_services_tools_and_files_are_found(make, kinds):
    found, of = Counter[str](), Counter[str]()
    for labelled in make():
        of[labelled.kind] += 1
        shown = redact(labelled.text, KEY)
        found[labelled.kind] += not left_over(labelled.secret, shown) and PSEUDONYM.search(shown) is not None
    counted("secrets found (recall)", found, of)
    assert set(of) == set(kinds)
    assert min(of.values()) >= 20
    assert {kind: found[kind] for kind in of if found[kind] < RECALL * of[kind]} == {}


def test_a_secret_with_a_line_break_inside_is_found():
    found, of = Counter[str](), Counter[str]()
    for labelled, left, right in secrets_broken():
        of[labelled.kind] += 1
        shown = redact(labelled.text, KEY)
        found[labelled.kind] += left not in shown and right not in shown
    counted("broken secrets found (recall)", found, of)
    for kind, number in of.items():
        assert found[kind] >= LEAST.get(kind, number), kind


def test_look_alikes_are_left_alone():
    left, of = Counter[str](), Counter[str]()
    for labelled in [*lookalikes(), *(Labelled("written by hand", line) for line in WRITTEN)]:
        of[labelled.kind] += 1
        left[labelled.kind] += redact(labelled.text, KEY) == labelled.text
    counted("look-alikes left alone (precision)", left, of)
    assert len(of) > 20
    assert left == of


def test_names_references_and_expressions_in_code_are_left_alone():
    left, of, wrong = Counter[str](), Counter[str](), list[str]()
    for labelled in lines_of_code():
        of[labelled.kind] += 1
        shown = redact(labelled.text, KEY)
        left[labelled.kind] += shown == labelled.text
        wrong += [shown] * (shown != labelled.text)
    counted("lines of code left alone (precision)", left, of)
    assert sum(of.values()) > 4_000
    assert wrong == []


@pytest.mark.parametrize(
    "word", sorted(load_words("common") | {"Password1", "secret-2", "TOKEN_3", "Admin", "changeit!"})
)
def test_a_common_word_is_no_secret_wherever_it_stands(word):
    texts = [place.format(name, word) for place in NAMED for name in (PASSWORDS[0], TOKEN_NAMES[1], KEY_NAMES[0])]
    texts += [place.format(word) for places, _ in (PLACED["command"], PLACED["address"]) for place in places]
    texts += [place.format(word) for place in PLACED["connection string"][0]]
    assert [shown for text in texts if (shown := redact(text, KEY)) != text] == []


SPELLINGS = {
    Secrecy.PASSWORD: "password DB_PASSWORD dbPassword sql-passwd PGPASSWORD userPWD Pass smtp_pass PASSWORD_PROD",
    Secrecy.TOKEN: "token apitoken API_TOKEN clientSecret _authToken PRIVATE-TOKEN deployPat AZURE_PAT credentials",
    Secrecy.KEY: "apiKey API_KEY_2 Ocp-Apim-Subscription-Key x-functions-key accountKey storage.key SECRET_KEY_BASE",
    None: "passwordPolicy secretName token_url tokenizer bypass compass path monkey cacheKey key publicKeyToken "
    "continuationToken nextPageToken csrf_token max_tokens count_tokens access_key_id PasswordHash token_type",
}


@pytest.mark.parametrize(("secrecy", "names"), SPELLINGS.items())
def test_a_name_in_any_spelling_says_what_it_holds(secrecy, names):
    assert {name: find_secrecy(name) for name in names.split()} == dict.fromkeys(names.split(), secrecy)


def test_a_word_of_a_program_does_not_look_random():
    words = (
        "getUserById2 sha256WithRSA4096 ephemeral_1h_input_tokens cl100k_base first_token_p50 batch_1_day_max_tokens"
    )
    assert [word for word in words.split() if is_random(word)] == []


NAMES = ("password", "passwd", "passphrase", "pwd", "secret", "apikey", "token", "credential", "access_key", "auth_key")


@pytest.mark.parametrize(("first", "second"), list(permutations(NAMES, 2)))
@pytest.mark.parametrize("form", ['{}: "{}"', "{}={}"])
def test_two_secrets_are_found_whatever_their_names_and_order(form, first, second):
    text = f"{form.format(first, 'hunter2Xhunter9')}\nnothing here\n{form.format(second, 'tr0ub4dor8Kxq')}\n"
    shown = redact(text, KEY)
    assert "hunter2" not in shown
    assert "tr0ub4dor" not in shown


def test_all_secrets_of_one_text_are_found_in_either_order():
    rows = list(secrets_by_form())
    for order in (rows, rows[::-1]):
        shown = redact("\n -- \n".join(row.text for row in order), KEY)
        assert [row.kind for row in rows if left_over(row.secret, shown)] == []


def test_the_ends_of_two_keys_close_together_are_found():
    ends = [f"{line * 3}\n-----END PRIVATE " + "KEY-----" for line in ("aB3dE6gH9jK2mN5p", "qR8sT1uV4wX7yZ0c")]
    shown = redact("\n\n".join(ends), KEY)
    assert "aB3d" not in shown
    assert "qR8s" not in shown


def test_two_texts_in_a_row_are_one_to_a_reader():
    [labelled, *_] = [row for row, _, _ in secrets_broken() if row.kind == "PAT, 84 characters"]
    left, right = labelled.secret[:40], labelled.secret[40:]
    shown = redact_all(["first", f"token {left}", f"{right} and on", "last"], KEY)
    assert shown[0] == "first"
    assert shown[3] == "last"
    assert left not in shown[1]
    assert right not in shown[2]
    texts = ["nothing", "secret", "here"]
    assert redact_all(texts, KEY) is texts


def test_the_quick_look_and_the_rules_say_the_same():
    for labelled in [*secrets_by_form(), *lookalikes()]:
        assert contains_secret(labelled.text) == (redact(labelled.text, KEY) != labelled.text)


def test_the_same_secret_has_the_same_pseudonym_and_another_key_another():
    text = next(secrets_by_form()).text
    assert redact(text, KEY) == redact(text, KEY)
    assert redact(text, KEY) != redact(text, b"another")


def test_the_innermost_kind_wins_and_nothing_is_replaced_twice():
    [labelled, *_] = [row for row in secrets_by_form() if row.kind == "PAT, 84 characters"]
    shown = redact(f"password = '{labelled.secret}'", KEY)
    assert re.fullmatch(r"password = '\[secret:azure-devops-pat:[0-9a-f]{10}\]'", shown)


def test_every_rule_says_what_it_looks_for_first():
    for rule in load_rules():
        assert bool(rule.words) + bool(rule.run) == 1, rule
        assert bool(rule.run) == (rule.length > 0), rule
        assert rule.run or not rule.start, rule
        assert all(hint in word and word == word.lower() for hint, words in rule.words.items() for word in words)
        assert not re.search(r"(?<![\\}])[*+]", re.sub(r"\[(?:\\.|[^\]\\])*\]", "", rule.pattern.pattern)), rule


HOSTILE = {
    "one letter": "a",
    "dashes": "-",
    "begins of keys": "-----BEGIN PRIVATE " + "KEY-----",
    "ends of keys": "-----END RSA PRIVATE " + "KEY-----",
    "names": "password",
    "assignments": "password=",
    "quotes": '"password":"',
    "words": "secret \n",
    "token in quotes": 'token "',
    "parts of tokens": "eyJaaaaaaaaaa.",
    "addresses": "://a:",
    "signatures": "sig=",
    "marks": "AZDO",
    "lines": "abcdef\n",
    "letters that grow": "\u0130",
    "base32": "a2b3" * 13 + " ",
    "key material": "A" * 64 + "\n",
    "private lines": "Private-Lines: 1\n",
    "tokens of services": "ghp_" + "a1" * 9 + " ",
    "runs": "a" * 19 + ".b" * 3 + "c1" * 12 + " ",
    "open quotes": 'password="a1 ',
    "escaped quotes": '\\"token\\":\\"a1',
    "backslashes": 'secret="\\a\\b1',
    "ampersands": "password=a1&b2&",
    "commas": "token=a1,b,c,",
    "brackets": "pwd=1a" + ")" * 40,
    "names and values": "password\n value",
    "objects": '"secret": {"isSecret": true, ',
    "elements": "<password a='b' ",
    "typed": "token: string[] ",
    "headers": "Authorization: Bearer a1 ",
    "basic": "basic aaaa",
    "commands": "docker login -u x ",
    "options": "mysql -u x -h y ",
    "echoes": "echo a1 | docker login ",
    "credentials": 'Credential("a", ',
    "kinds": "kind: Secret\n",
    "data of a secret": "data:\n a: b1\nkind: Secret ",
    "machines": "machine a login b ",
    "addresses of services": "://a:b1",
    "secure strings": '"abcdef" convertto-securestring ',
    "variables": "issecret=true;",
    "signatures of events": "aeg-sas-token: r=a",
    "shared signatures": "SharedAccessSignature a&b&",
    "keys": "key1 = value\n value",
    "ends": "-----END ",
    "personal accounts": "M.C1_AB.-c",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_time_grows_in_proportion_to_the_text(name):
    assert_grows_in_proportion(lambda text: redact(text, KEY), HOSTILE[name], 10_000)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_secret_behind_a_long_hostile_text_is_found(name):
    [labelled, *_] = [row for row in secrets_by_form() if row.kind == "PAT, 84 characters"]
    hostile = (HOSTILE[name] * (50_000 // len(HOSTILE[name]) + 1))[:50_000]
    assert not left_over(labelled.secret, redact(f"{hostile}\n{labelled.secret}\n", KEY))


def test_long_prose_holds_no_secret_until_one_stands_at_its_end():
    prose = "The build failed because a token of the service connection expired; see issue 4711.\n" * 400
    assert not contains_secret(prose)
    assert redact(prose, KEY) == prose
    assert contains_secret(prose + next(secrets_by_form()).text)


# -- where texts come in pieces ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PAT, 84 characters", "PAT, 52 characters", "JWT"])
async def test_a_secret_across_the_border_of_two_pieces_of_a_stream_is_found(kind):
    [labelled, *_] = [row for row in secrets_by_form() if row.kind == kind]
    content = f"first line\nvalue: {labelled.secret}\nlast".encode()

    for cut in range(1, len(content)):

        async def pieces(cut=cut):
            yield content[:cut]
            yield content[cut:]

        lines = [line async for _, line in number_lines(pieces(), ScannedLines(), KnownSecrets(KEY), lambda *_: True)]
        assert not left_over(labelled.secret, redact("\n".join(lines), KEY))


def test_a_secret_in_a_long_file_is_found_wherever_the_network_cuts_it(push, client):
    [labelled, *_] = [row for row in secrets_by_form() if row.kind == "PAT, 84 characters"]
    filler = "x" * 99 + "\n"
    start = 64 * 1024 - 40
    content = (filler * 700)[: start - 1] + "\n" + labelled.secret + "\n" + filler * 40
    push("Platform", "docs", {"/long.txt": content.encode()})
    first = content.count("\n", 0, start) - 2
    tool = bind(TOOLS["read_repository_file"], client)
    call = {
        "repository": "docs",
        "path": "/long.txt",
        "project": "Platform",
        "first_line": first,
        "last_line": first + 8,
    }
    message = tool.invoke({"type": "tool_call", "id": "1", "name": "read_repository_file", "args": call})
    assert "[secret:azure-devops-pat:" in message.content
    assert not left_over(labelled.secret, message.content)
    assert not left_over(labelled.secret, str(message.artifact))
