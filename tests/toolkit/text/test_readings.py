"""Invisible characters and colours hide no secret: what is left after they are removed holds none."""

import json

import pytest
from secrets_corpus import secrets_by_form
from tool_calls import hostile, message_of

from langchain_azure_devops.calls.clear_errors import clear_error
from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.http.request import expand_path
from langchain_azure_devops.text import clean
from langchain_azure_devops.text.known_secrets import KnownSecrets
from langchain_azure_devops.text.secrets import PSEUDONYM

SECRET = "Zx9kQ2mW7vB4nT6y"
UNSEEN = ("\u200b", "\u00ad", "\u2060", "\ufeff", "\x00", "\x07", "\U000e0041", "\ufe0f", "\x1e", "\x1b[31m", "\x9b0m",
          "\x1b]8;;https://x.y\x07", "\x1b(B", "\x1b(B\x1b[m", "\x1b7", "\x1b#8",
          "\\x1b[31m", "\\u001b[1;31m", "\\u200b", "\\xad",
          "\\x1b]8;;https://x.y\\x07", "\\u001b]8;;https://x.y\\u0007",
          "\\x1b]8;;https://x.y\\x1b\\\\", "\\x1b(B")  # fmt: skip
KINDS = {labelled.kind: labelled for labelled in secrets_by_form() if "\n" not in labelled.secret}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
def test_a_secret_with_something_unseen_is_replaced_wherever_that_stands(kind, unseen):
    text, secret = KINDS[kind].text, KINDS[kind].secret
    at = text.index(secret)
    for place in (0, 5, len(secret)):
        shown = clean(KnownSecrets(b"key").redact(text[: at + place] + unseen + text[at + place :]))
        assert secret not in shown, (place, shown)


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
def test_a_known_secret_is_replaced_in_a_log_in_colours(unseen, platform_client, organization):
    lines = [f'pass{unseen}word = "{SECRET}"', f"a {SECRET[:5]}{unseen}{SECRET[5:]}", f"b {unseen}{SECRET}{unseen} c"]
    text = message_of(platform_client, "get_build_log", build=hostile(organization, *lines), log=1)
    assert SECRET not in clean(text), text
    assert len(PSEUDONYM.findall(text)) == len(lines)


@pytest.mark.parametrize("value", ["[secret:password:aaaaaaaaaa]{}", "{}[secret:password:aaaaaaaaaa]", "[secret:{}"])
def test_a_pseudonym_that_stands_for_nothing_makes_no_reference_of_a_value(value):
    assert SECRET not in KnownSecrets(b"key").redact(f'password = "{value.format(SECRET)}"')


@pytest.mark.parametrize("form", ["&#{:d};", "&#x{:x};", "%{:02x}", "\\u{:04x}", "\\x{:02x}"])
def test_a_known_secret_is_replaced_where_every_letter_is_escaped(form):
    known = KnownSecrets(b"key")
    shown = known.learn(SECRET, "password")
    assert known.redact(f"a {''.join(form.format(ord(each)) for each in SECRET)} b") == f"a {shown} b"


@pytest.mark.parametrize("quote", [repr, ascii, json.dumps], ids=lambda quote: quote.__name__)
@pytest.mark.parametrize(
    "begin", ["\x1b]8;;https://x.y\x07", "\x1b]8;;https://x.y\x1b\\", "\x9d0;title\x9c", "\x1b(B", "\x1b7"]
)
def test_no_command_to_a_terminal_hides_a_secret_from_a_message_that_quotes_it(begin, quote):
    for text in (
        f"password='{begin}{SECRET}{begin}'",
        f"{begin}password{begin}='{SECRET}'",
        f"pass{begin}word='{SECRET[:5]}{begin}{SECRET[5:]}'",
        f"\x1b]8;;password='{SECRET[:5]}\u200b{SECRET[5:]}'\x07",
    ):
        shown = KnownSecrets(b"key").redact(f"{quote(text)} cannot be a team.")
        assert SECRET[5:] not in shown
        assert shown.endswith(" cannot be a team.")


@pytest.mark.parametrize("begin", ["\x1b]8;;https://x.y\x07", "\x1b[31m", "\x00"])
@pytest.mark.parametrize("name", [f"password='{{}}{SECRET}'", f"pass{{}}word='{SECRET}'"])
def test_an_error_that_quotes_a_name_of_the_service_shows_no_secret_in_it(begin, name):
    with pytest.raises(InvalidRequest) as raised:
        expand_path("/teams/{team}", {"team": name.format(begin)})
    clear_error(raised.value, KnownSecrets(b"key"), "")
    assert SECRET not in str(raised.value)
