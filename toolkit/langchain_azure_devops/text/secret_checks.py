"""Checks of possible secrets that a regular expression cannot do; the rules in the data file name them."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping

Check = Callable[[re.Match[str], str], bool]
"""Decides whether a match is a secret; gets the match and the possible secret in it."""

_PAT = re.compile(rb"(?:[^:\s]{0,120}:)?(?:[a-z2-7]{52}|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})\s?")
_LEAST_DIGITS = 3
_GUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAME = re.compile(r"[A-Za-z_$][\w$-]*(?:[./:]{1,2}[A-Za-z_$][\w$-]*)*[:.]?")
_TEMPLATE = re.compile(r"[$%#@]\{|\$\(|\{\{|<[%\w]|^%\w+%$|^[$@<&]|\bprocess\.env|\bos\.environ|\bsecrets\.|^\[secret:")
_PLACE = re.compile(r"^(?:[A-Za-z][A-Za-z0-9+.-]*://|[~.]{0,2}/|[A-Za-z]:\\)")
# The ends of names that are about a secret but do not hold one: secretName, token_url, passwordPolicy.
_ABOUT = re.compile(
    r"(?i)s?(?:[_.-]|(?<=[a-z])(?=[A-Z])|^)(?:names?|ids?|ur[il]s?|paths?|files?|types?|len(?:gth)?|count|hash(?:ed)?|policy|"
    r"expir\w*|ttl|age|versions?|refs?|fields?|labels?|placeholder|hint|providers?|scopes?|endpoint|kind|format|rotation|"
    r"limit|usage|budget|env|var|variable|class|regex|pattern|digest|fingerprint|store|vault|mount|rule|error|message)$"
)
_WORDS_OF_SECRECY = re.compile(r"(?i)passw|secret|token|credential|apikey|string|required|invalid|unknown|default")


def has_digits(_match: re.Match[str], secret: str) -> bool:
    """Whether there are digits: random base32 has ten in 52 characters, joined words have none."""
    return sum(character.isdigit() for character in secret) >= _LEAST_DIGITS


def has_letters_and_digits(_match: re.Match[str], secret: str) -> bool:
    """Whether there are both letters and digits; a slug of words or a number is no key."""
    return any(map(str.isdigit, secret)) and any(map(str.isalpha, secret)) and not _is_hex_digest(secret)


def is_basic_credential(_match: re.Match[str], secret: str) -> bool:
    """Whether it is Base64 of a token, alone or after a user name and a colon."""
    try:
        decoded = base64.b64decode(secret + "=" * (-len(secret) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return _PAT.fullmatch(decoded) is not None


def is_literal(_match: re.Match[str], secret: str) -> bool:
    """Whether it is a value, and not a reference such as `$(DbPassword)` or `{{ password }}`."""
    return _TEMPLATE.search(secret) is None


def is_assigned_value(match: re.Match[str], secret: str) -> bool:
    """Whether a quoted value is no reference, no name in code, no path, no sentence and no identifier."""
    if _ABOUT.search(match["rest"]) or _TEMPLATE.search(secret) or _PLACE.search(secret) or _GUID.fullmatch(secret):
        return False
    if any(map(str.isspace, secret)):
        return match[0].lower().startswith("passphrase")
    if _NAME.fullmatch(secret) and not any(map(str.isdigit, secret)):
        # Only letters: a lower-case word may be a password unless it is about secrets; anything else is a name.
        return len(secret) >= 10 and secret.isalpha() and secret.islower() and not _WORDS_OF_SECRECY.search(secret)
    return not (secret.isdigit() and match[0][:5].lower() == "token")


def is_bare_value(match: re.Match[str], secret: str) -> bool:
    """Whether an unquoted value is a secret: as for a quoted one, and nothing that code would write there."""
    if not is_assigned_value(match, secret):
        return False
    if match.string[match.start("secret") - 1] == " " and "=" not in match[0] and ":" not in match[0]:
        # After a blank it must be an option, as in `--password hunter2`; otherwise it is a sentence.
        before = match.string[max(0, match.start() - 24) : match.start()]
        if not re.search(r"(?:^|\s)--?[\w-]{0,20}$", before):
            return False
    called = re.match(r"\(", match.string[match.end("secret") : match.end("secret") + 1]) is not None
    return not called and (not secret.isalpha()) and any(map(str.isdigit, secret)) and any(map(str.isalpha, secret))


def _is_hex_digest(text: str) -> bool:
    return len(text) in {40, 64, 128} and re.fullmatch(r"[0-9a-fA-F]+", text) is not None


CHECKS: Mapping[str, Check] = {
    "digits": has_digits,
    "mixed": has_letters_and_digits,
    "basic": is_basic_credential,
    "plain": is_literal,
    "assigned": is_assigned_value,
    "bare": is_bare_value,
}
