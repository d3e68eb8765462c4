"""A secret that is known is replaced everywhere, in its written forms, whatever stands around it."""

import base64
import html
import json
import random
import re
import string
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from urllib.parse import quote, quote_plus

import pytest
from secrets_in_use import values_by_name, values_by_place

from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.text.known_secrets import OWN_TOKEN, KnownSecrets
from langchain_azure_devops.text.redacted_stream import learn_named
from langchain_azure_devops.text.secret_rules import BETWEEN
from langchain_azure_devops.text.secrets import PSEUDONYM, redact
from langchain_azure_devops.text.written_forms import FormIndex, WrittenForm, list_forms

TOKEN = "full-access-token-of-a-test"
VALUES = (
    "hunter2!x&y",
    "Tr0ub4dor&3/<b>'q\"",
    "pa+ss%w0rd(.*)[a-z]{3}$^|",
    "back\\slash9\\n",
    "pässwörd-9ß€",
    "Zx9kQ2mW7vB4nT6y",
    "s3cret=with=equals1",
    "x7-very-long-" + "abcdefgh1234" * 8,
)


def know(*values: str, tokens: tuple[str, ...] = ()) -> KnownSecrets:
    """Return a store that read each value as the password of a quoted assignment in JSON, where it is not escaped."""
    known = KnownSecrets(b"key", lambda: tokens)
    for value in values:
        known.learn(value, "password")
    return known


def ways_to_write(value: str) -> dict[str, str]:
    raw = value.encode()
    return {
        "plain": value,
        "upper case": value.upper() if value.upper().lower() == value.lower() else value,
        "lower case": value.lower(),
        "percent": quote(value, safe=""),
        "percent with slashes": quote(value),
        "small percent": re.sub(r"%..", lambda match: match[0].lower(), quote(value, safe="")),
        "form": quote_plus(value),
        "component": quote(value, safe="!'()*~"),
        "JSON": json.dumps(value),
        "JSON in JSON": json.dumps(json.dumps(value)),
        "JSON as it is": json.dumps(value, ensure_ascii=False),
        "HTML": html.escape(value),
        "HTML text": html.escape(value, quote=False),
        "Base64": base64.b64encode(raw).decode(),
        "Basic": base64.b64encode(b":" + raw).decode(),
        "Basic with a user": base64.b64encode(b"svc:" + raw).decode(),
        "Basic with another user": base64.b64encode(b"admin:" + raw).decode(),
        "Base64 of a longer text": base64.b64encode(b"one two " + raw + b" and more").decode(),
        "Base64 for URLs": base64.urlsafe_b64encode(b"ab" + raw + b"c").decode(),
    }


@pytest.mark.parametrize("many", [False, True], ids=["few", "many"])
@pytest.mark.parametrize("value", VALUES)
def test_a_known_secret_is_replaced_in_every_written_form(value, many):
    known = know(value, *(f"{number:03}-other-{number * 7919:08}x" for number in range(200 if many else 0)))
    for way, written in ways_to_write(value).items():
        for text in (written, f"a {written}", f"x={written};", f"\n{written}\n", "ä" * 7 + f" {written}"):
            shown = known.redact(text)
            assert written.strip('"') not in shown, (way, shown)
            assert PSEUDONYM.search(shown), (way, shown)


@pytest.mark.parametrize("length", [8, 9, 11, 14, 15, 16, 22, 23, 24, 40])
def test_many_secrets_of_every_length_are_found_at_every_offset(length):
    generator = random.Random(length)  # noqa: S311 - not for secrecy
    values = [
        "".join(generator.choices(string.ascii_letters + string.digits + "!#%", k=length - 2)) + "7!"
        for _ in range(100)
    ]
    known = know(*values)
    for value in values[:20]:
        for offset in range(17):
            shown = known.redact("." * offset + value + ".")
            assert (shown[:offset], shown[-1]) == ("." * offset, ".")
            assert PSEUDONYM.fullmatch(shown[offset:-1])
            assert known.reveal(shown[offset:-1]) == value


def test_a_value_of_six_or_seven_characters_counts_as_a_whole_word_only():
    for filler in (0, 200):
        known = know("k3y#zq", "abc123x", *(f"filler-{number:04}-{number}" for number in range(filler)))
        for offset in range(9):
            text = " " * offset + "k3y#zq xabc123x abc123x_ abc123x."
            shown = known.redact(text)
            assert "k3y#zq" not in shown
            assert "xabc123x abc123x_ [secret:" in shown


@pytest.mark.parametrize("value", ["a1b2c", "development", "letmein", "------------", "0000000000", "Password"])
def test_short_values_and_common_words_are_not_replaced_elsewhere(value):
    known = know(value)
    assert known.redact(f"the {value} of it") == f"the {value} of it"


def test_a_part_of_the_organizations_address_is_not_replaced_elsewhere():
    known = KnownSecrets(b"key", never=("https://dev.azure.com/contoso-9", "Platform-1x"))
    known.redact("password='contoso-9'\npassword: 'Platform-1x'")
    assert known.redact("https://dev.azure.com/contoso-9/Platform-1x") == "https://dev.azure.com/contoso-9/Platform-1x"


def test_a_secret_is_replaced_before_and_after_the_place_that_names_it():
    text = "use Zx9kQ2mW7v here\npassword = 'Zx9kQ2mW7v'\nand Zx9kQ2mW7v there"
    shown = KnownSecrets(b"key").redact(text)
    assert "Zx9k" not in shown
    assert len(set(PSEUDONYM.findall(shown))) == 1


def test_a_secret_inside_another_and_overlapping_ones_leave_nothing():
    known = know("Zx9kQ2mW7v", "W7vBBB333ccc", "prefix-Zx9kQ2mW7v-suffix")
    shown = known.redact("prefix-Zx9kQ2mW7v-suffix")
    assert PSEUDONYM.fullmatch(shown)
    assert known.reveal(shown) == "prefix-Zx9kQ2mW7v-suffix"
    shown = known.redact("Zx9kQ2mW7vBBB333ccc")
    assert not re.search("W7v|BBB|333|ccc|Zx9", shown), shown


def test_the_same_secret_of_two_kinds_has_one_pseudonym():
    known = KnownSecrets(b"key")
    first = known.redact("password = 'Zx9kQ2mW7vB4nT6yZx9kQ2mW7vB4nT6y'")
    second = known.redact("api_key = 'Zx9kQ2mW7vB4nT6yZx9kQ2mW7vB4nT6y'")
    assert PSEUDONYM.search(first)[0] == PSEUDONYM.search(second)[0]


def test_redacting_twice_changes_nothing_and_a_pseudonym_that_somebody_typed_protects_no_secret():
    known = know("0123456789", "password-9")
    shown = known.redact("password-9 0123456789")
    assert known.redact(shown) == shown
    assert "0123456789" not in known.redact("[secret:password:0123456789]")


def test_a_password_known_from_an_escaped_or_encoded_place_is_known_in_clear():
    known = KnownSecrets(b"key")
    assert "p%40ss" not in known.redact("postgres://app:p%40ssw0rd99@db.internal/app")
    assert "p@ss" not in known.redact("it says p@ssw0rd99 there")


def test_each_line_of_a_private_key_is_known_and_line_numbers_stay():
    generator = random.Random(5)  # noqa: S311 - not for secrecy
    lines = [base64.b64encode(generator.randbytes(48)).decode() for _ in range(40)]
    key = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----"])
    known = KnownSecrets(b"key")
    text = f"before\r\n{key}\nafter"
    shown = known.redact(text)
    assert shown.split("\n")[0] == "before\r"
    assert shown.split("\n")[-1] == "after"
    assert shown.count("\n") == text.count("\n")
    for line in lines:
        assert line not in known.redact(f"+   {line}")
        assert line not in known.redact(f"2026-01-01T00:00:00Z {line}\r")


def test_prose_after_a_key_that_never_ends_is_not_taken_for_a_secret_elsewhere():
    known = KnownSecrets(b"key")
    prose = [f"This is sentence number {number} of a long text about nothing." for number in range(30)]
    known.redact("-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(prose))
    assert known.redact(prose[3]) == prose[3]


def test_texts_that_are_redacted_together_stay_apart_even_with_a_secret_across_them():
    generator = random.Random(6)  # noqa: S311 - not for secrecy
    lines = [base64.b64encode(generator.randbytes(48)).decode() for _ in range(4)]
    texts = ["a", "-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----", "z"]
    cleared = KnownSecrets(b"key").redact_all(texts)
    assert len(cleared) == len(texts)
    assert (cleared[0], cleared[-1]) == ("a", "z")
    assert not any(line in text for line in lines for text in cleared)


def test_plain_data_is_redacted_with_its_names():
    known = know("Zx9kQ2mW7v")
    data = {"Zx9kQ2mW7v": [1, None, ("a Zx9kQ2mW7v", True)], "b": {"c": "d"}}
    shown = known.learn("Zx9kQ2mW7v", "password")
    assert known.redact_value(data) == {shown: [1, None, (f"a {shown}", True)], "b": {"c": "d"}}
    clear = {"b": [1, "c"]}
    assert known.redact_value(clear) is clear
    assert known.redact_value(clear, learn=False) is clear


def test_plain_data_teaches_its_secrets_unless_only_known_ones_are_asked_for():
    data = ["password = 'Vb7nT4yK2pX9'", "see Zx9kQ2mW7v and Vb7nT4yK2pX9"]
    known = know("Zx9kQ2mW7v")
    shown = known.learn("Zx9kQ2mW7v", "password")
    assert known.redact_value(data, learn=False) == [data[0], f"see {shown} and Vb7nT4yK2pX9"]
    assert "Vb7n" not in str(known.redact_value(data))


def test_texts_with_the_mark_that_joins_them_stay_as_many_as_they_are():
    known = know("Zx9kQ2mW7v")
    cleared = known.redact_all([f"a{BETWEEN}b", "see Zx9kQ2mW7v", BETWEEN])
    assert [text.partition("[")[0] for text in cleared] == ["a b", "see ", " "]


def test_the_own_token_is_replaced_in_every_form_and_never_resolved():
    known = know(tokens=(TOKEN,))
    for written in ways_to_write(TOKEN).values():
        shown = known.redact(f"see {written}")
        assert OWN_TOKEN in shown
        assert not PSEUDONYM.search(shown)
    assert OWN_TOKEN in known.redact(f"password = '{TOKEN}'")
    assert known.values() == (TOKEN,)


def test_a_pseudonym_of_a_secret_that_became_the_own_token_is_not_resolved():
    tokens: list[str] = []
    known = KnownSecrets(b"key", lambda: tokens)
    pseudonym = PSEUDONYM.search(known.redact("password = 'Zx9kQ2mW7vB4nT6y'"))[0]
    tokens.append("Zx9kQ2mW7vB4nT6y")
    with pytest.raises(InvalidRequest, match="own token"):
        known.reveal(pseudonym)


def test_a_pseudonym_resolves_only_where_it_was_read():
    first, second = know("Zx9kQ2mW7v"), KnownSecrets(b"another", tuple)
    pseudonym = first.redact("Zx9kQ2mW7v")
    assert first.reveal(f"a {pseudonym} b") == "a Zx9kQ2mW7v b"
    assert first.reveal(f"'{pseudonym}'", lambda secret: secret.replace("k", "kk")) == "'Zx9kkQ2mW7v'"
    for asked in (pseudonym, "[secret:password:0123456789]"):
        with pytest.raises(InvalidRequest, match="stands for nothing that was read in this process"):
            second.reveal(asked)
    assert first.reveal("[secret:x] [secret:password:XYZ]") == "[secret:x] [secret:password:XYZ]"


def test_half_characters_are_no_obstacle():
    known = know("broken-\ud800-9x8y", "Zx9kQ2mW7v")
    assert "9x8y" not in known.redact("see broken-\ud800-9x8y")
    assert "Zx9k" not in known.redact("\udfff Zx9kQ2mW7v \ud800")


def test_a_hundred_threads_learn_and_redact_at_once():
    known = KnownSecrets(b"key")
    values = [f"Zx9k{number * 7919:06x}Q2mW{number:04}v" for number in range(1000, 1100)]

    def work(start: int) -> None:
        for value in values[start::4]:
            known.redact(f"password = '{value}'")
            assert value not in known.redact(f"again {value} there")

    with ThreadPoolExecutor(100) as pool:
        for done in [pool.submit(work, number % 4) for number in range(100)]:
            done.result()
    assert sorted(known.values()) == sorted(values)
    shown = known.redact(" ".join(values))
    assert [known.reveal(part) for part in shown.split()] == values


def test_the_names_of_places_in_a_text_are_the_same_as_without_an_index():
    """Whatever the texts are: the grams find what a plain search finds."""
    generator = random.Random(9)  # noqa: S311 - not for secrecy
    alphabet = "aB1-é "
    for _ in range(150):
        forms = [
            form
            for _ in range(generator.choice([5, 70]))
            for form in list_forms(
                "".join(generator.choices(alphabet, k=generator.randint(6, 20))), "[x]", encoded=False
            )
        ]
        index = FormIndex()
        for form in forms:
            index.add(form._replace(word=False))
        text = "".join(generator.choices(alphabet, k=300)) + "".join(form.needle.decode() for form in forms[:3])
        assert {found[:2] for found in index.find(text)} == {place for form in forms for place in places(form, text)}


def places(form: WrittenForm, text: str) -> list[tuple[int, int]]:
    wanted = form.exact.lower() if form.exact else form.needle.decode()
    size = len(wanted)
    return [(at, at + size) for at in range(len(text)) if text[at : at + size].lower() == wanted]


def test_without_a_known_secret_nothing_is_searched():
    assert list(FormIndex().find("any text")) == []
    text = "plain text without any secret"
    assert KnownSecrets(b"key").redact(text) is text
    assert redact(text, b"key") is text


def test_of_too_many_secrets_those_that_were_seen_last_are_replaced_everywhere(monkeypatch):
    monkeypatch.setattr("langchain_azure_devops.text.known_secrets.MOST", 3)
    known = KnownSecrets(b"key", lambda: (TOKEN,))
    values = [f"Zx9kQ2mW7v-{number}" for number in range(6)]
    for number, value in enumerate(values):
        assert known.full == (number > 3)
        shown = known.redact(f"password = '{value}'")
        assert known.reveal(shown) == f"password = '{value}'"
        assert values[0] not in known.redact(f"it still says {values[0]}")
    assert [value in known.redact(f"see {value}") for value in values] == [False, True, True, True, False, False]
    assert set(known.values()) == {values[0], values[4], values[5], TOKEN}
    assert TOKEN not in known.redact(f"see {TOKEN}")


@pytest.mark.parametrize("most", ["MOST", "MOST_ENCODED"])
def test_a_flood_of_invented_passwords_does_not_push_out_what_is_read_after_it(monkeypatch, most):
    monkeypatch.setattr(f"langchain_azure_devops.text.known_secrets.{most}", 50)
    known = KnownSecrets(b"key")
    flood = [f"a1!{number * 7919:08x}Q" for number in range(300)]
    known.redact("\n".join(f"password = '{value}'" for value in flood))
    known.redact("password = 'Zx9kQ2mW/7vB4nT6y'")
    for way, written in ways_to_write("Zx9kQ2mW/7vB4nT6y").items():
        assert PSEUDONYM.search(known.redact(f"deploy --with {written} now")), way
    ways = ways_to_write(flood[0]).keys() if most == "MOST" else ["Base64"]
    for way in ways:
        kept = [value for value in flood if PSEUDONYM.search(known.redact(f"see {ways_to_write(value)[way]}"))]
        assert len(kept) == 49, way


def test_a_form_that_is_removed_is_found_no_more_and_all_others_are():
    forms = [form for number in range(200) for form in list_forms(f"{number:03}-Zx9k%2/mW", f"[{number}]")]
    index = FormIndex()
    for form in forms:
        index.add(form)
    for form in forms[: len(forms) // 2]:
        index.remove(form)
    kept = {form.shown for form in forms[len(forms) // 2 :]} - {form.shown for form in forms[: len(forms) // 2]}
    found = {shown for form in forms for _, _, shown in index.find(f"  {form.needle.decode()}  ")}
    assert kept <= found
    for form in forms[len(forms) // 2 :]:
        index.remove(form)
    assert len(index) == 0
    assert [found for form in forms for found in index.find(f"  {form.needle.decode()}  ")] == []


def test_a_long_text_that_was_redacted_before_is_redacted_again_after_another_secret_was_learned():
    known = KnownSecrets(b"key")
    text = known.remember_clear("see Zx9kQ2mW7v here\n" * 500)
    assert known.redact_all(["a", text]) == ["a", text]
    cleared = known.redact_all(["password = 'Zx9kQ2mW7v'", text])
    assert not any("Zx9k" in each for each in cleared)
    assert "Zx9k" not in known.redact_all(["a", text])[1]


def test_many_secrets_with_the_same_end_and_an_echo_full_of_pseudonyms_are_not_slow():
    known = KnownSecrets(b"key")
    for number in range(5_000):
        known.learn(f"{number:06}-the-same-end-of-all-of-them", "password")
    assert known.redact("004999-the-same-end-of-all-of-them") == known.redact("004999-The-Same-end-of-all-of-them")
    pseudonym = known.learn("Zx9kQ2mW7vB4nT6y", "password")
    text = f"{pseudonym} Zx9kQ2mW " * 500
    assert known.redact_echo(text, pseudonym) == f"{pseudonym} {pseudonym} " * 500


def test_what_stands_under_a_name_is_learned_outside_of_the_wanted_lines():
    """Of all labelled secrets that their own form does not tell, and that the rules find in their place."""
    filler = "\n".join(f"nothing of interest number {number}" for number in range(20))
    learned, missed = 0, Counter[str]()
    for row in [*islice(values_by_name(), 0, None, 3), *islice(values_by_place(), 0, None, 3)]:
        alone = f"see {row.secret} there"
        whole, fresh, near = KnownSecrets(b"key"), KnownSecrets(b"key"), KnownSecrets(b"key")
        whole.redact(row.text)
        if row.secret in whole.replace_known(alone) or row.secret not in fresh.redact(alone):
            continue
        learn_named(f"{filler}\n{row.text}\n{filler}", near)
        if row.secret in near.replace_known(alone):
            missed[row.kind] += 1
        else:
            learned += 1
    assert learned > 300
    assert missed.total() <= 0.08 * (learned + missed.total()), missed


def test_a_secret_beside_a_pseudonym_is_replaced_and_the_pseudonym_is_not():
    known = know("Zx9kQ2mW7v", "0123456789")
    shown = known.learn("Zx9kQ2mW7v", "password")
    assert known.redact(f"{shown} Zx9kQ2mW7v {shown} Zx9kQ2mW7v") == " ".join([shown] * 4)
    known.accept(["[secret:password:0123456789]"])
    number = known.learn("0123456789", "password")
    text = "0123456789 [secret:password:0123456789] 0123456789"
    assert known.redact(text) == f"{number} [secret:password:0123456789] {number}"


@pytest.mark.parametrize("typed", ["[secret:password:0123456789]", "[secret:password:0123456789][secret:x:9876543210]"])
def test_a_pseudonym_that_somebody_typed_into_a_secret_hides_no_part_of_it(typed):
    known = know("Zx9kQ2mW7vB4nT6y")
    shown = known.redact(f"see Zx9kQ2mW{typed}7vB4nT6y there")
    assert re.search("Zx9k|7vB4|T6y", shown) is None
    assert (shown[:4], shown[-6:]) == ("see ", " there")


COMMIT = "3f786850e387550fdab836ed7e6dc881de23001b"


def test_an_id_that_the_service_gave_stays_readable_whatever_a_text_calls_it():
    known = know(COMMIT)
    assert COMMIT not in known.redact(f"see {COMMIT}")
    known.keep_ids([COMMIT.upper(), "Zx9kQ2mW7v"])
    assert known.redact(f"see {COMMIT} {COMMIT.upper()}") == f"see {COMMIT} {COMMIT.upper()}"
    assert known.values() == ()
    known.learn("Zx9kQ2mW7v", "password")
    assert "Zx9k" not in known.redact("Zx9kQ2mW7v"), "it is no id"


def test_a_descriptor_that_the_service_gave_stays_readable_and_nothing_of_another_form():
    descriptor = "aad.NjU0YzQzYzAtZmIzZC03ZjYy"
    known = know(descriptor)
    assert descriptor not in known.redact(f"see {descriptor}")
    known.keep_ids([descriptor, f"x{descriptor}", f"{descriptor} and more"])
    assert known.redact(f"see {descriptor}") == f"see {descriptor}"


def test_of_many_ids_those_that_the_service_gave_last_are_kept():
    known = know(COMMIT)
    for start in range(0, 60_000, 15_000):
        known.keep_ids([COMMIT, *(f"{number:040x}" for number in range(start, start + 15_000))])
    assert known.redact(COMMIT) == COMMIT
    known.keep_ids(f"{number:040x}" for number in range(20_000))
    assert COMMIT not in known.redact(COMMIT)


def test_a_text_is_split_at_pseudonyms_that_another_process_gave():
    known = know("Zx9kQ2mW7v")
    own, other = known.learn("Zx9kQ2mW7v", "password"), "[secret:password:0123456789]"
    assert known.split_at_strangers(f"a {own} b {other}c {other}") == [f"a {own} b ", "c ", ""]
    assert known.split_at_strangers(f"a {own}") == [f"a {own}"]
    assert known.split_at_strangers(f"{other}") == ["", ""]


def test_only_the_long_text_that_was_redacted_before_is_taken_as_clear():
    known = know("Zx9kQ2mW7v")
    known.remember_clear("clear\n" * 900)
    assert "Zx9k" not in known.redact_all(["a", "see Zx9kQ2mW7v\n" * 400])[1]


def test_a_value_that_only_two_names_together_contain_is_replaced():
    known = KnownSecrets(b"key", never=("https://dev.azure.com/x4-contoso", "y7-platform"))
    known.learn("contosoy7-plat", "password")
    assert "contosoy7" not in known.redact("see contosoy7-plat there")


def test_the_encoded_forms_of_what_was_seen_last_are_kept(monkeypatch):
    monkeypatch.setattr("langchain_azure_devops.text.known_secrets.MOST_ENCODED", 2)
    values = ["Zx9kQ2mW7vB4", "Vb7nT4yK2pX9", "Hq3rL8sD5wJ1"]
    known = know(*values[:2])
    known.redact(f"see {values[0]}")
    known.learn(values[2], "password")
    kept = [value for value in values if PSEUDONYM.search(known.redact(ways_to_write(value)["Base64"]))]
    assert kept == [values[0], values[2]]
    assert not any(value in known.redact(value) for value in values)


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("svc:Zx9kQ2mW7vB4", "Zx9kQ2mW7vB4"),
        ("svc:Zx9kQ2mW7vB4n", "Zx9kQ2mW7vB4n"),
        ("svc:Zx9kQ2mW7vB4nT", "Zx9kQ2mW7vB4nT"),
        ("Zx9kQ2mW7vB4", ""),
        ("s\x01vc:Zx9kQ2mW7vB4", ""),
        ("svc:Zx9k\x01Q2mW7vB4", ""),
    ],
    ids=ascii,
)
def test_the_password_of_a_basic_credential_is_known_in_clear(written, password):
    known = know(base64.b64encode(written.encode()).decode())
    text = f"see {written.partition(':')[2] or written} there"
    assert (known.redact(text) == text) is not bool(password)
    assert (PSEUDONYM.sub("", known.redact(text)) == "see  there") is bool(password)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zx9kQ", "Zx9kQ"),
        ("Zx9kQ2", "{}"),
        ("see Q2mW7v", "see {}"),
        ("see 9KQ2MW and more", "see {} and more"),
        ("Zx9kQ{}2mW7v", "Zx9kQ{}2mW7v"),
        ("Zx9kQ2{}mW7v", "{}{}mW7v"),
        ("{} Zx9kQ", "{} Zx9kQ"),
        ("{}Q2mW7v", "{}{}"),
    ],
)
def test_six_characters_of_a_secret_that_somebody_was_told_are_hidden_in_their_words(text, shown):
    known = KnownSecrets(b"key")
    pseudonym = known.learn("Zx9kQ2mW7v", "password")
    assert known.redact_echo(text.replace("{}", pseudonym), f"use {pseudonym}") == shown.replace("{}", pseudonym)
    assert known.redact_echo(text, "use nothing") == text


def test_the_pseudonyms_of_a_recording_resolve_to_themselves_and_are_no_secrets():
    known = KnownSecrets(b"key")
    known.accept(["[secret:password:0123456789]"])
    assert known.reveal("[secret:password:0123456789]") == "[secret:password:0123456789]"
    assert known.redact("[secret:password:0123456789]") == "[secret:password:0123456789]"
    assert known.values() == ()
