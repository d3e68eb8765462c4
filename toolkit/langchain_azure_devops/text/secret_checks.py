"""Checks of possible secrets that a regular expression cannot do; the rules in the data file name them."""

import base64
import binascii
import re
from collections.abc import Mapping

from langchain_azure_devops.text.secret_names import Secrecy, find_secrecy
from langchain_azure_devops.text.secret_rules import Check
from langchain_azure_devops.text.secret_values import (
    is_chain,
    is_common,
    is_guid,
    is_literal,
    is_random,
    is_reserved,
    is_sum,
    reads_as_words,
)

_PAT = re.compile(rb"(?:[^:\s]{0,120}:)?(?:[a-z2-7]{52}|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})\s?")
_CREDENTIAL = re.compile(r"[^:\x00-\x1f]{0,200}:[^\x00-\x1f]{1,2000}\s{0,2}")
_KIND = re.compile(r"(?i)\bkind\"?: ?\"?secret\b")
_DOCUMENT = 3_000
"""Characters before and after a value that are looked at for the kind of its document."""
_MACHINE = re.compile(r"(?i)(?:\bmachine[ \t]{1,8}[^\s]{1,120}|\bdefault)\s{1,40}\Z")
_LEAST_DIGITS = 3
_LEAST_DIFFERENT = 20
_LEAST_LENGTH = {Secrecy.PASSWORD: 6, Secrecy.TOKEN: 8, Secrecy.KEY: 12}
_OF_A_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
_MOST_BEFORE = 200
_GO_TEST = re.compile(r"(?:Test|Fuzz|Example)(?![a-z])")
"""How the name of a test in Go begins, which stands after `--- PASS:`."""
_LAST_WORD = re.compile(r"(?<![\w.-])([A-Za-z]{2,20})[ ]\Z")
_CODE_BEFORE = re.compile(
    r"(?:[(\[{,!.]|\.\$|\b(?:const|let|var|val|return|if|else|elif|self|this|def|public|private|static|final|new|type|auto|string|String|and|or|not|in|is|for))$"
)
_OF_AN_OBJECT = re.compile(r"(?:[a-z]|this|self)\.")
_SERVER_BEFORE = re.compile(r"\.[\w-]{1,40}:\d{2,5}(?:,\w{1,40}=\w{1,60}){0,6},$")
_SIGN = re.compile(r"[!#$%&*+?@^~|(){}\[\],=]")


def is_base32(_match: re.Match[str], secret: str) -> bool:
    """Return whether it is random base32: of 52 characters, ten are digits, and many differ."""
    return sum(map(str.isdigit, secret)) >= _LEAST_DIGITS and len(set(secret)) >= _LEAST_DIFFERENT


def has_letters_and_digits(_match: re.Match[str], secret: str) -> bool:
    """Return whether there are both letters and digits; a slug of words or a number is no key."""
    return any(map(str.isdigit, secret)) and any(map(str.isalpha, secret)) and not _is_hex_digest(secret)


def is_opaque(_match: re.Match[str], secret: str) -> bool:
    """Return whether it was made by a machine; a word in its place stands for it."""
    return is_literal(secret) and (is_random(secret) or is_guid(secret))


def is_basic_credential(_match: re.Match[str], secret: str) -> bool:
    """Return whether it is Base64 of a token, alone or after a user name and a colon."""
    decoded = _decode(secret)
    return decoded is not None and _PAT.fullmatch(decoded) is not None


def is_any_credential(_match: re.Match[str], secret: str) -> bool:
    """Return whether it is Base64 of a user name and a password, which stand after a word that announces them."""
    decoded = _decode(secret)
    try:
        return decoded is not None and _CREDENTIAL.fullmatch(decoded.decode()) is not None
    except UnicodeDecodeError:
        return False


def is_plain_value(_match: re.Match[str], secret: str) -> bool:
    """Return whether it is a value, and neither a reference such as `$(DbPassword)` nor a word that stands for one."""
    return is_literal(secret) and not is_common(secret)


def is_password_argument(match: re.Match[str], secret: str) -> bool:
    """Return whether it is the value of a short option such as `-p`, where a port or a path may stand as well."""
    return is_plain_value(match, secret) and not secret.isdigit() and not reads_as_words(secret)


def is_machine_password(match: re.Match[str], secret: str) -> bool:
    """Return whether a `machine` stands before the login, as in .netrc."""
    before = match.string[max(0, match.start() - _MOST_BEFORE) : match.start()]
    machine = _MACHINE.search(before)
    # A word may be the password of a host; beside anything else it is a sentence.
    return machine is not None and is_plain_value(match, secret) and ("." in machine[0] or not reads_as_words(secret))


def is_kubernetes_data(match: re.Match[str], secret: str) -> bool:
    """Return whether it is Base64 of anything but a common word, in a document that is a secret of Kubernetes."""
    decoded = _decode(secret)
    if decoded is None or is_common(decoded.decode("ascii", "replace")):
        return False
    before = match.string[max(0, match.start() - _DOCUMENT) : match.start()].rpartition("\n---")[2]
    after = match.string[match.end() : match.end() + _DOCUMENT].partition("\n---")[0]
    return _KIND.search(f"{before}\n{after}") is not None


def is_named_value(match: re.Match[str], secret: str) -> bool:
    """Return whether the name says that the value is secret, and the value can be one where it stands."""
    before, lead = _text_before(match)
    if (
        match.lastgroup == "bare"
        and match["blank"] is not None
        and match["is"] is None
        and before[:1] not in ("-", "/")
    ):
        # After a blank it must be an option, as in `--password hunter2`; otherwise it is a sentence.
        return False
    if match["name"] == "PASS" and lead.endswith("--- ") and _GO_TEST.match(secret):
        return False
    secrecy = find_secrecy(before + match["name"])
    if secrecy is None and match["plain"] is not None and (word := _LAST_WORD.search(lead)):
        # The name may have a blank, as in `API key: x`.
        lead, before = lead[: word.start()], f"{word[1]}_{before}"
        secrecy = find_secrecy(before + match["name"])
    if secrecy is None or not _is_possible(secret, secrecy):
        return False
    if is_guid(secret):
        return True
    if match.lastgroup == "bare":
        return _is_bare_value(match, secret, secrecy, before, lead)
    return _is_given_in_quotes(match, secret, secrecy, before, lead)


def _is_given_in_quotes(match: re.Match[str], secret: str, secrecy: Secrecy, before: str, lead: str) -> bool:
    """Return whether a quoted value belongs to the name: always after a sign, sometimes after a blank or bracket."""
    if match["weak"] is not None:
        if "," in match["weak"] and not lead.rstrip("\"'\\@bfru").endswith("("):
            return False
        return is_random(secret) or (secrecy is Secrecy.PASSWORD and _is_strong(secret))
    if match["blank"] is not None and not before.startswith("-"):
        # After a blank it must be an option, as in `--password "hunter2"`, or SQL; otherwise it is a sentence.
        return match["name"].upper() == "PASSWORD" and match.lastgroup == "single" and _is_chosen(secret)
    return _is_quoted_value(secret, secrecy, before + match["name"])


def _is_possible(secret: str, secrecy: Secrecy) -> bool:
    return len(secret) >= _LEAST_LENGTH[secrecy] and is_literal(secret) and not is_common(secret)


def _text_before(match: re.Match[str]) -> tuple[str, str]:
    """Return the beginning of the name before the word that was found, and what stands before it in the line."""
    line = match.string[max(0, match.start() - _MOST_BEFORE) : match.start()]
    line = line[max(line.rfind("\n"), line.rfind("\x1e")) + 1 :]
    rest = line.rstrip(_OF_A_NAME)
    return line[len(rest) :], rest


def _is_quoted_value(secret: str, secrecy: Secrecy, name: str) -> bool:
    if any(map(str.isspace, secret)):
        if "phrase" in name.lower() and not is_reserved(secret):
            return True
        return any(len(part) >= 8 and _is_strong(part) for part in secret.split()[:9])
    if secret.isdigit():
        return secrecy is Secrecy.PASSWORD
    if is_random(secret):
        return True
    if secrecy is not Secrecy.PASSWORD:
        return _is_mixed(secret)
    return _is_chosen(secret)


def _is_chosen(secret: str) -> bool:
    """Return whether a person may have chosen it as a password: with a digit, or with a sign in the middle."""
    if reads_as_words(secret) or (re.fullmatch(r"[\w-]*", secret) and is_reserved(secret)):
        return False
    return any(map(str.isdigit, secret)) or (_SIGN.search(secret[1:-1]) is not None and not is_reserved(secret))


def _is_mixed(secret: str) -> bool:
    """Return whether letters and digits alternate as in no name, or signs stand between them."""
    if len(secret) < 12 or reads_as_words(secret):
        return False
    return _is_strong(secret) or len(re.findall(r"\d+", secret[:300])) > 1


def _is_strong(text: str) -> bool:
    return (
        any(map(str.isdigit, text))
        and any(map(str.isalpha, text))
        and _SIGN.search(text) is not None
        and not is_chain(text)
    )


def _is_bare_value(match: re.Match[str], secret: str, secrecy: Secrecy, before: str, lead: str) -> bool:
    """Return whether an unquoted value is a secret: as a quoted one, where nothing says that it is a name in code."""
    if not any(map(str.isdigit, secret)) or not any(map(str.isalpha, secret)) or is_chain(secret):
        return False
    if match["weak"] is not None or match["is"] is not None:
        return match["is"] is not None and is_random(secret) and _is_strong(secret)
    if secrecy is Secrecy.KEY and not is_random(secret) and not _is_mixed(secret):
        return False
    if _OF_AN_OBJECT.match(before) or not _stands_in_data(match, secret, lead):
        return is_random(secret) and _SIGN.search(secret.rstrip("=")) is None and "." not in secret
    if _SIGN.search(secret):
        return not is_sum(secret)
    return _is_quoted_value(secret, secrecy, before + match["name"])


def _stands_in_data(match: re.Match[str], secret: str, lead: str) -> bool:
    """Return whether it stands in settings, on a command line or in a log, and not in a program."""
    if match["plain"] is None:
        return True
    # After a full stop and a blank, a sentence begins.
    lead = lead.rstrip().rstrip("\"'") if not lead.endswith(". ") else ""
    if _CODE_BEFORE.search(lead) and not _SERVER_BEFORE.search(lead):
        return False
    if match["plain"] in {"=", ":"}:
        return True
    end = match.end("bare") - len(match["bare"]) + len(secret)
    rest = match.string[end : end + _MOST_BEFORE].partition("\n")[0].strip()
    return not rest or rest.startswith(("#", "\x1e"))


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _is_hex_digest(text: str) -> bool:
    return len(text) in {40, 64, 128} and re.fullmatch(r"[0-9a-fA-F]+", text) is not None


CHECKS: Mapping[str, Check] = {
    "base32": is_base32,
    "mixed": has_letters_and_digits,
    "opaque": is_opaque,
    "basic": is_basic_credential,
    "credential": is_any_credential,
    "plain": is_plain_value,
    "argument": is_password_argument,
    "machine": is_machine_password,
    "kubernetes": is_kubernetes_data,
    "named": is_named_value,
}
