"""Parts and encodings of secrets: random tokens in random forms in random texts, and wrong hits on real texts."""

import base64
import html
import json
import random
import string
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import langchain_azure_devops
from langchain_azure_devops.safety.allowed_targets import ContentPolicy
from langchain_azure_devops.safety.content_policy import find_secrets_in, find_violations
from langchain_azure_devops.safety.neutralizing import neutralize_all
from langchain_azure_devops.safety.secret_parts import SecretIndex, compact

ALPHABETS = {52: "abcdefghijklmnopqrstuvwxyz234567", 84: string.ascii_letters + string.digits}
PROSE = (
    "The build fails since Tuesday because the tests read a setting that the deployment no longer has. Pull request 13 "
    "renamed it; see src/api/settings.py, line 12. Ask the owners of the pipeline before you change `deploy/ci.env`. "
)


def token(length, seed):
    chance = random.Random(seed)  # noqa: S311 - a token of a test, the same in every run
    return "".join(chance.choice(ALPHABETS[length]) for _ in range(length))


def each(form, between=""):
    return lambda text: between.join(form(character) for character in text)


def chunked(size, form, between):
    def apply(text):
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        return between.join(form(number, piece) for number, piece in enumerate(pieces, 1))

    return apply


ENCODINGS = {
    "plain": lambda text: text,
    "upper case": str.upper,
    "reversed": lambda text: text[::-1],
    "all but one": lambda text: text[:-1],
    "half": lambda text: text[len(text) // 2 :],
    "quarter": lambda text: text[10:23],
    "unicode escapes": each(lambda c: f"\\u{ord(c):04x}"),
    "some unicode escapes": each(lambda c: f"\\u{ord(c):04x}" if c in "aeiou1357" else c),
    "braced escapes": each(lambda c: f"\\u{{{ord(c):x}}}"),
    "long escapes": each(lambda c: f"\\U{ord(c):08x}"),
    "hexadecimal escapes": each(lambda c: f"\\x{ord(c):02x}"),
    "octal escapes": each(lambda c: f"\\{ord(c):o}"),
    "style sheet escapes": each(lambda c: f"\\{ord(c):x} "),
    "code points": each(lambda c: f"U+{ord(c):04X}", " "),
    "percent": each(lambda c: f"%{ord(c):02x}"),
    "percent of some": lambda text: quote(text, safe="").replace("a", "%61").replace("7", "%37"),
    "decimal entities": each(lambda c: f"&#{ord(c)};"),
    "hexadecimal entities": each(lambda c: f"&#x{ord(c):x}"),
    "quoted-printable": each(lambda c: f"={ord(c):02X}"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 with a user": lambda text: base64.b64encode(f"x:{text}".encode()).decode(),
    "base64 of wide characters": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base64 in lines": chunked(8, lambda _, piece: base64.b64encode(piece.encode()).decode(), "\n"),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32 with digits first": lambda text: base64.b32hexencode(text.encode()).decode(),
    "base32 in lower case": lambda text: base64.b32encode(text.encode()).decode().lower().rstrip("="),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal with 0x": each(lambda c: f"0x{ord(c):02X}", ", "),
    "hexadecimal with colons": lambda text: text.encode().hex(":"),
    "decimal numbers": each(lambda c: str(ord(c)), ", "),
    "octal numbers": each(lambda c: f"{ord(c):03o}", " "),
    "binary numbers": each(lambda c: f"{ord(c):08b}", " "),
    "rotated": lambda text: text.translate(str.maketrans(string.ascii_letters, _rotated())),
    "full width": each(lambda c: chr(ord(c) + 0xFEE0)),
    "mathematical letters": each(lambda c: chr(0x1D5D4 + ord(c.upper()) - 65) if c.isalpha() else c),
    "look-alikes": each(lambda c: {"a": "а", "e": "е", "o": "о", "p": "р", "c": "с", "x": "х"}.get(c, c)),
    "accents": each(lambda c: f"{c}\u0301"),
}  # fmt: skip
LAYOUTS = {
    "as it is": lambda text: text,
    "blanks": " ".join,
    "hyphens": "-".join,
    "zero width": "\u200b".join,
    "look-alike separators": "\u2010".join,
    "one in a line": "\n".join,
    "bullets": each(lambda c: f"- {c}", "\n"),
    "numbered": chunked(1, lambda number, piece: f"{number}. {piece}", "\n"),
    "numbered chunks": chunked(6, lambda number, piece: f"{number}) {piece}", " "),
    "labelled chunks": chunked(7, lambda number, piece: f"part{number}={piece}", "; "),
    "rows": chunked(3, lambda number, piece: f"| {number} | {piece} |", "\n"),
    "tags": each(lambda c: f"<b>{c}</b>"),
    "comments": each(lambda c: f"{c}<!-- {ord(c)} {c} -->"),
    "escaped tags": lambda text: html.escape(each(lambda c: f"<i>{c}</i>")(text)),
    "joined strings": chunked(4, lambda _, piece: f"'{piece}'", " + "),
    "a call": lambda text: "concat(" + chunked(4, lambda _, piece: f'"{piece}"', ", ")(text) + ")",
    "markdown": chunked(3, lambda _, piece: f"**{piece}**", ""),
    "soft breaks": chunked(9, lambda _, piece: piece, "=\n"),
    "tag characters": each(lambda c: chr(0xE0000 + ord(c)) if ord(c) < 127 else c),
}
# These leave some of a text out, or lose the case that another encoding needs.
ALONE = {"mathematical letters", "look-alikes", "upper case", "half", "quarter", "all but one", "base32 in lower case"}
# These put pieces of a text beside each other, and no lines.
IN_PIECES = {"labelled chunks", "joined strings", "numbered chunks", "soft breaks"}


def _rotated():
    lower = string.ascii_lowercase[13:] + string.ascii_lowercase[:13]
    return lower + lower.upper()


def refused(text, *secrets):
    return list(find_secrets_in(text, ContentPolicy((), secrets=secrets)))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_token_is_found_in_each_form_in_each_layout(encoding, layout):
    secret = token(52 if len(encoding + layout) % 2 else 84, f"{encoding}{layout}")
    text = LAYOUTS[layout](ENCODINGS[encoding](secret))
    if encoding == "base64 in lines" and layout in {
        "labelled chunks",
        "joined strings",
        "numbered chunks",
        "soft breaks",
    }:
        text = LAYOUTS[layout](
            ENCODINGS["base64"](secret)
        )  # These put pieces into lines, which these lines are already.
    assert refused(f"It is {text} as you asked.", secret), text[:300]


REPEATABLE = sorted(set(ENCODINGS) - ALONE)
OUTSIDE = {"accents", "full width"}  # The other encodings here are those of ASCII text.


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    st.integers(0, 10_000),
    st.sampled_from([52, 84]),
    st.tuples(st.sampled_from(sorted(set(REPEATABLE) - OUTSIDE)), st.sampled_from(REPEATABLE)),
    st.text(max_size=40),
    st.text(max_size=40),
)
def test_a_token_is_found_when_two_encodings_are_put_around_it(seed, length, names, before, after):
    secret = token(length, seed)
    text = secret
    for name in names:
        text = ENCODINGS[name](text)
    at = seed % len(PROSE)
    surrounding = f"{before} {PROSE[:at]} {text} {PROSE[at:]} {after}"
    assert refused(surrounding, secret), (names, text[:200])


@pytest.mark.parametrize(
    "form",
    [
        lambda secret: base64.b85encode(secret.encode()).decode(),
        lambda secret: base64.a85encode(secret.encode()).decode(),
        lambda secret: "\n".join(f"{place}\t{letter}\tx" for place, letter in enumerate(secret)),
        lambda secret: json.dumps({str(place): letter for place, letter in enumerate(secret)}),
        lambda secret: "".join(f"[{letter}](#a)" for letter in secret),
    ],
    ids=["base85", "ascii85", "a column", "an object", "links"],
)
def test_a_token_is_found_in_further_forms(form):
    secret = token(52, "further")
    assert refused(f"It is {form(secret)} as you asked.", secret)


def test_parts_in_several_arguments_are_found_and_the_message_says_where():
    secret = token(52, "arguments")
    policy = ContentPolicy((), secrets=(secret,))
    halves = {"title": f"About {secret[:26]}", "description": f"Also {secret[26:]}", "tags": ["ok"]}
    found = find_violations(halves, policy)
    assert [entry.split(":")[0] for entry in found] == ["title", "description"]
    pieces = find_violations({"tags": [secret[start : start + 4] for start in range(0, 52, 4)]}, policy)
    assert [entry.split(":")[0] for entry in pieces] == ["the arguments together"]
    named = find_violations({"fields": {f"https://{secret}.example": "x"}}, policy)
    for entry in (*found, *pieces, *named):
        assert not any(secret[at : at + 5] in entry for at in range(48)), entry


def test_the_message_about_a_link_or_a_mention_does_not_repeat_the_secret():
    secret = token(52, "message")
    for text in (f"https://{secret}.example", f"@{secret}", f"@<{secret}>"):
        [entry] = find_violations({"text": text}, ContentPolicy((), secrets=(secret,)))
        assert secret[:8] not in entry


JWT_HEADER = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
ORDINARY = [
    "correct-horse-battery-staple-9", "Winter2024!Contoso", "postgres://admin:Sommer2023@db.contoso.example:5432/orders",
    "the deployment needs a restart", "Password for the database", "contoso-platform-admin", "letmeinplease", "hunter2",
    "Tr0ub4dor&3", "platform-api-ci", "20240101120000", "changeme1", "S3cret!", "deploy/ci.env",
]  # fmt: skip


@pytest.mark.parametrize("secret", ORDINARY)
def test_a_secret_of_ordinary_words_counts_whole_and_in_long_parts(secret):
    assert refused(f"It is {secret} here.", secret)
    assert refused(f"It is {base64.b64encode(secret.encode()).decode()} here.", secret)


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("correct-horse-battery-staple-9", "That is correct. Horse races need a battery."),
        ("postgres://admin:Sommer2023@db.contoso.example:5432/orders", "The host is db.contoso.example:5432/orders."),
        ("the deployment needs a restart", "The deployment of today needs no restart."),
        ("contoso-platform-admin", "the contoso platform has an admin"),
        ("hunter2", "a hunter, 2 dogs"),
        ("20240101120000", "2024-01-01 12:30:00 and 20240101"),
        (f"-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA{'x7Kq' * 30}", "has -----BEGIN RSA PRIVATE KEY-----"),
        ("github_pat_11ABCDEFG0q7ZkPw2mXvRt_9sLdKfJhGbNcVxZaQwErTyUiOp", "tokens that begin with github_pat_11A"),
        (f"{JWT_HEADER}.eyJzdWIiOiI3In0.q7ZkPw2mXvRt9sLdKfJhGbNcVx", f"all begin with {JWT_HEADER}"),
    ],
)  # fmt: skip
def test_a_part_that_is_ordinary_text_blocks_nothing(secret, text):
    assert not refused(text, secret)


WITH_SIGNS = ["Lantern-4cyGfgcF_92x", "Gr@pe!27kCUo+H%rb0r", "k7#pQ.z2!vM=9x/Lw"]


@pytest.mark.parametrize("secret", WITH_SIGNS)
@pytest.mark.parametrize(
    "encode", [str, lambda part: part.encode().hex(), lambda part: base64.b64encode(part.encode()).decode()]
)
def test_ten_characters_count_also_when_some_of_them_are_signs(secret, encode):
    for start in range(len(secret) - 9):
        part = secret[start : start + 10]
        assert refused(f"The build of {encode(part)} failed.", secret), part


OF_WORDS = [
    "correct-horse-battery-staple-of-the-platform-team",
    "platformautomationdeploymentaccountoftheteam",
    "abcdefgh" * 6,
]


@pytest.mark.parametrize("token_of_words", OF_WORDS)
def test_ten_characters_of_an_own_token_count_whatever_it_looks_like(token_of_words):
    policy = ContentPolicy((), tokens=(token_of_words,))
    for start in range(0, len(token_of_words) - 9, 3):
        part = token_of_words[start : start + 10]
        assert list(find_secrets_in(f"It is {part} here.", policy)), part
    assert not list(find_secrets_in("The team is content with its horses.", policy))


def count_work(monkeypatch, work):
    """Return how many characters are searched for known secrets, which is what takes the time."""
    searched = 0
    search = SecretIndex.occurs_in

    def count(index, text, *others):
        nonlocal searched
        searched += len(text)
        return search(index, text, *others)

    monkeypatch.setattr(SecretIndex, "occurs_in", count)
    work()
    return searched


@pytest.mark.parametrize("kind", ["blanks", "base64", "hexadecimal", "unicode escapes", "spread"])
def test_a_report_full_of_secrets_costs_in_proportion_to_its_size(monkeypatch, kind):
    """Four times as many hostile texts never lead to eight times as many characters to search."""

    def clear(number):
        texts = []
        for each_one in range(number):
            secret = token(52, each_one % 10)
            hostile = " ".join(secret) if kind == "blanks" else "\n- ".join(secret)
            texts.append(f"It is {ENCODINGS[kind](secret) if kind in ENCODINGS else hostile}.\n{PROSE}")
        policy = ContentPolicy((), secrets=tuple(token(52, each_one) for each_one in range(10)))
        cleared = neutralize_all(texts, policy)
        assert not refused("\n".join(cleared), *policy.secrets)
        assert sum("Ask the owners" in text for text in cleared) == number

    small, large = count_work(monkeypatch, lambda: clear(8)), count_work(monkeypatch, lambda: clear(32))
    assert large < 8 * small


def test_honest_texts_are_searched_few_times(monkeypatch):
    """A page of prose has fewer than five readings of its own size; code full of encodings fewer than forty."""
    for text, most in ((PROSE * 45, 5), (Path(__file__).read_text(encoding="utf-8")[:5_000], 40)):
        policy = ContentPolicy((), secrets=tuple(token(84, number) for number in range(10)))
        characters = count_work(monkeypatch, lambda text=text, policy=policy: list(find_secrets_in(text, policy)))
        print(f"{characters / len(text):.1f} times")
        assert characters < most * len(text)


def write_report_of_builds(seed, number=40):
    """Write a report that quotes builds, commits and addresses: all that it holds are ids, dates and numbers."""
    numbers = random.Random(seed)  # noqa: S311 - not for secrets
    for _ in range(number):
        build, part = numbers.randrange(10, 99), f"{numbers.randrange(16**12):012x}"
        yield f"In {build} and {build - 1}, {numbers.randrange(9)} of {numbers.randrange(9, 30)} tests failed (40 %)."
        for row in range(4):
            date = f"2026-{numbers.randrange(9, 12):02}-{numbers.randrange(1, 29):02}"
            time = f"{numbers.randrange(24):02}:{numbers.randrange(60):02}Z"
            yield f"{build - row}\tplatform-api-ci\tcompleted\tfailed\tmain\tTom Becker\t{date}T{time}"
        yield f"commit: {numbers.randrange(16**40):040x}"
        yield f"https://dev.azure.com/tidewater/_build/results?buildId={build}&j=08d0ff91-f621-5ceb-b67d-{part}&l={build}"


@pytest.mark.parametrize("seed", range(3))
def test_a_report_full_of_builds_and_dates_is_not_taken_for_one_full_of_encodings(seed):
    assert list(find_secrets_in("\n".join(write_report_of_builds(seed)), ContentPolicy(()))) == []


def read_real_texts():
    """Read our own pages and code, and code of other people, in pieces of the size of a comment."""
    root = Path(langchain_azure_devops.__file__).parents[2]
    packages = Path(pytest.__file__).parents[1]
    files = [*root.glob("*.md"), *root.glob("*/*.md"), *root.glob("toolkit/*/*/*.py"), *packages.glob("*/*.py")]
    for file in sorted(files)[:: len(files) // 80]:
        text = file.read_text(encoding="utf-8", errors="ignore")[:60_000]
        yield from (text[at : at + 1_500] for at in range(0, len(text), 1_500))


def test_harmless_texts_are_not_refused():
    """Beside 50 known secrets, at most one real text in 500 is refused because of one of them."""
    tokens = (token(length, number) for number in range(18) for length in ALPHABETS)
    secrets = (*tokens, *ORDINARY[:9], *(word for word in ORDINARY[9:] if any(map(str.isdigit, word))))
    texts = [text for text in read_real_texts() if not any(compact(secret) in compact(text) for secret in secrets)]
    wrong = [text for text in texts if refused(text, *secrets) and not refused(text)]
    size = sum(map(len, texts))
    print(f"{len(wrong)} of {len(texts)} texts ({size:,} characters) are refused beside {len(secrets)} secrets")
    for text in wrong:
        print("---", " ".join(text.split())[:300])
    assert len(wrong) <= len(texts) / 500
