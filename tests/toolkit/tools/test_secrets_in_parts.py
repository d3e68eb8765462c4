"""A secret is recognized by what surrounds it in the whole text, also when only a part of the text is shown."""

import base64
import random
import string

import pytest
from tool_calls import FULL, connected, hostile, message_of, text_of

from azure_devops_simulator import SimulatorServer
from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.lines import ScannedLines, find_lines, number_lines, read_range
from langchain_azure_devops.text.secrets import PSEUDONYM

SECRET = "Zx9kQ2mW7vB4nT6y"
DEFINED = f'password = "{SECRET}"'
GENERATOR = random.Random(3)  # noqa: S311 - not for secrecy
KEY_LINES = [base64.b64encode(GENERATOR.randbytes(48)).decode() for _ in range(120)]
KEY = ["-----BEGIN RSA PRIVATE KEY-----", *KEY_LINES, "-----END RSA PRIVATE KEY-----"]
PLAIN = [f"line {number} of a text about nothing in particular" for number in range(60)]
REPOSITORY = {"repository": "docs", "project": "Platform"}


def shows_nothing(text: str) -> bool:
    return SECRET not in text and not any(line in text for line in KEY_LINES)


def find_marked(lines: list[str]) -> int:
    """Return the number of the line that shows the secret without its name."""
    return next(at for at, line in enumerate(lines, 1) if f"with {SECRET}" in line or KEY_LINES[40] in line)


@pytest.fixture
def client(server: SimulatorServer):
    """A client that has not seen any secret yet."""
    with connected(server.base_url, FULL) as fresh:
        yield fresh


TEXTS = {
    "below": [DEFINED, *PLAIN, f"deploy --with {SECRET} now", *PLAIN],
    "above": [*PLAIN, f"deploy --with {SECRET} now", *PLAIN, DEFINED],
    "inside a key": [*PLAIN, *KEY, *PLAIN],
    "far below": [DEFINED, *PLAIN * 200, f"deploy --with {SECRET} now", *PLAIN * 10],
    "far above": [*PLAIN * 30, f"deploy --with {SECRET} now", *PLAIN * 200, DEFINED],
    "with stamps": [f"2026-11-20T09:00:00.0000000Z {line}" for line in [*PLAIN, *KEY, *PLAIN]],
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_range_of_a_file_is_redacted_with_the_rest_of_the_file(name, client, push):
    lines = TEXTS[name]
    push("Platform", "docs", {"/parts.txt": "\n".join(lines).encode()})
    marked = find_marked(lines)
    arguments = {"path": "/parts.txt", "first_line": marked, "last_line": marked + 1, **REPOSITORY}
    for text in (
        text_of(client, "read_repository_file", **arguments),
        message_of(client, "read_repository_file", **arguments),
    ):
        assert shows_nothing(text), text
        assert PSEUDONYM.search(text)
        assert f"lines {marked:,}-{marked + 1:,} of {len(lines):,}" in text


@pytest.mark.parametrize("name", TEXTS)
def test_a_search_hit_is_redacted_with_the_whole_file(name, client, push):
    lines = [line.replace("deploy", "unusualword deploy") for line in TEXTS[name]]
    push("Platform", "docs", {"/parts.txt": "\n".join(lines).encode()})
    words = "unusualword" if any("unusualword" in line for line in lines) else KEY_LINES[40]
    assert shows_nothing(message_of(client, "search_code", text=words, **REPOSITORY))


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "far above"])
def test_parts_of_a_log_are_redacted_with_what_surrounds_them(name, client, organization):
    lines = TEXTS[name] if name != "far below" else [*PLAIN, DEFINED, *PLAIN * 4, f"deploy --with {SECRET}", *PLAIN]
    build = hostile(organization, *lines)
    where = {"build": build, "log": 1}
    marked = find_marked(lines)
    ranges = {"first_line": marked, "last_line": marked + 1}
    for arguments in (
        ranges,
        {"last_line": marked},
        {"contains": "deploy|line 59", "context": 20},
        {"contains": "deploy", "first_line": marked},
    ):
        text = message_of(client, "get_build_log", **where, **arguments)
        assert shows_nothing(text), (arguments, text)
    assert PSEUDONYM.search(message_of(client, "get_build_log", **where, **ranges))


def test_a_part_of_a_long_log_says_which_lines_were_looked_at(client, organization):
    build = hostile(organization, DEFINED, *PLAIN * 200, f"with {SECRET}")
    text = message_of(client, "get_build_log", build=build, log=1, first_line=11_000, last_line=11_001)
    assert "Only lines 10,600-11,401 were read; a secret that only other lines name" in text
    assert "were read" not in message_of(client, "get_build_log", build=hostile(organization, *PLAIN), log=1)
    total = 2 + len(PLAIN) * 200
    end = message_of(client, "get_build_log", build=build, log=1, first_line=total - 3)
    assert f"-{total:,} were read;" in end


def test_the_failure_view_reads_a_long_log_whole(client, organization):
    build = hostile(organization, DEFINED, *PLAIN * 200, f"with {SECRET}")
    shown = message_of(client, "get_build_log", build=build, log=1)
    assert "were read" not in shown
    assert SECRET not in shown
    assert "with [secret:" in shown


async def pieces_of(text: str, size: int):
    raw = text.encode()
    for at in range(0, len(raw), size):
        yield raw[at : at + size]


@pytest.mark.parametrize("size", [7, 1000, 65_536, 1_000_000])
async def test_lines_keep_their_numbers_and_secrets_are_found_wherever_the_blocks_end(size):
    generator = random.Random(size)  # noqa: S311 - not for secrecy
    lines, secrets = [], []
    while sum(map(len, lines)) < 700_000 if size > 7 else len(lines) < 1000:
        lines += generator.choices(PLAIN, k=generator.randint(1, 60))
        pairs = zip(generator.choices(string.ascii_letters, k=7), generator.choices(string.digits, k=7), strict=True)
        secrets.append("Q7" + "".join(letter + digit for letter, digit in pairs))
        lines += [f'password = "{secrets[-1]}"', f"see {secrets[-1]}"]
        if generator.random() < 0.1:
            lines += KEY
    known = KnownSecrets(b"key")
    read = [
        each async for each in number_lines(pieces_of("\n".join(lines), size), ScannedLines(), known, lambda *_: True)
    ]
    assert [number for number, _ in read] == list(range(1, len(lines) + 1))
    for (_, line), source in zip(read, lines, strict=True):
        assert line == source if source in PLAIN else PSEUDONYM.search(line), (source, line)
    assert shows_nothing("\n".join(line for _, line in read))
    assert not any(secret in line for secret in secrets for _, line in read)


async def test_what_only_other_parts_name_is_replaced_in_a_range_of_a_large_text():
    filler = "".join(f"some words that say nothing, number {number}\n" for number in range(40_000))
    for text in (f"{DEFINED}\n{filler}with {SECRET}\n{filler}", f"{filler}with {SECRET}\n{filler}{DEFINED}\n"):
        marked = text[: text.index(f"with {SECRET}")].count("\n") + 1
        seen = await read_range(pieces_of(text, 65_536), marked, marked, 1000, KnownSecrets(b"key"))
        [(number, line)] = seen.kept
        assert (number, SECRET in line) == (marked, False)


async def test_a_secret_in_a_line_of_megabytes_is_learned_and_not_cut_in_half():
    line = "x" * 3_000_000 + f" {DEFINED} " + "y" * 500_000
    known = KnownSecrets(b"key")
    seen = await read_range(pieces_of(f"{line}\nsee {SECRET}\n", 65_536), 1, None, 100_000, known)
    assert [number for number, _ in seen.kept] == [1, 2]
    assert SECRET in known.values()
    assert SECRET not in seen.kept[1][1]
    for at in range(3_940, 4_010):
        cut = await read_range(pieces_of("z" * at + f" {DEFINED}", 65_536), 1, None, 100_000, KnownSecrets(b"key"))
        assert SECRET[:6] not in cut.kept[0][1]


async def test_the_count_of_matches_tells_nothing_about_a_secret():
    text = "\n".join([*PLAIN, DEFINED, *PLAIN])
    for guess in (SECRET[:4], SECRET[:8], SECRET[3:9], f'password = "{SECRET[:3]}'):
        _, matches = await find_lines(pieces_of(text, 1000), [guess], 2, 50, KnownSecrets(b"key"))
        assert matches == 0
    known = KnownSecrets(b"key")
    pseudonym = PSEUDONYM.search(known.redact(DEFINED))[0]
    for word in (pseudonym, SECRET):
        _, matches = await find_lines(pieces_of(text, 1000), [word], 2, 50, known)
        assert matches == 1
