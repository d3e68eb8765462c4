"""Find secrets in texts by the forms of well-known tokens, and by the names of secrets in front of their values."""

from __future__ import annotations

import re
from collections.abc import Callable

ESCAPED = r"(?<=%[0-9A-Fa-f]{2})|(?<=%25[0-9A-Fa-f]{2})|(?<=\\[nrtbf])"
LEFT = rf"(?:(?<![A-Za-z0-9])|{ESCAPED})"
"""What may stand before a word: no letter or digit, or one that ends an escape such as `%20` or `\\n`."""

_SPACE = r"(?:[ \t]|%(?:25)?20|\+)"
_MARK = rf"(?:[A-Z0-9]|{_SPACE})*PRIVATE{_SPACE}KEY(?:{_SPACE}BLOCK)?-----"
KEY_BEGIN = re.compile(rf"-----BEGIN{_MARK}")
KEY_END = re.compile(rf"-----END{_MARK}")
_KEY = re.compile(rf"{KEY_BEGIN.pattern}.*?(?:{KEY_END.pattern}|\Z)", re.DOTALL)
"""A private key. One that does not end reaches to the end of the text."""

_TOKEN = re.compile(
    rf"{LEFT}(?:"
    r"[a-z2-7]{52}|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}|[A-Za-z0-9+/]{52}JQQJ9[A-Za-z0-9+/=]{20,}"
    r"|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{22,}|glpat-[\w-]{20,}"
    r"|xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|eyJ[\w-]{10,}(?:\.[\w-]+){1,4}|[\w.~-]{3}8Q~[\w.~-]{31,34}|[A-Za-z0-9+/]{86}=="
    r")(?![A-Za-z0-9])"
)

_NAME = (
    rf"(?:(?<!continuation)(?<!continuation[-_])token|password|passwd|passphrase|secret|{LEFT}pwd"
    rf"|(?:api|access|account|private|shared)[-_ ]?key|{LEFT}sig)"
)
_AUTHORIZATION = r"authorization|set-cookie|cookie"
_QUOTE = r"(?:\\*[\"']|%(?:25)?2[27])"
_IS = rf"(?:{_QUOTE})?(?:{_SPACE}*(?:=>|:=|[:=]|%(?:25)?3[ad]){_SPACE}*|>)"
_PLAIN = r"(?:[^\s\"'<>;,&\\%]|%(?!(?:25)?(?:2[0267]|0[ad]))|\\(?![nrt\"'])){4,}"
_QUOTED = rf"(?P<quote>{_QUOTE})(?P<quoted>(?:(?!(?P=quote))[^\n]){{4,}})(?P=quote)"
_VALUE = rf"(?:{_QUOTED}|(?P<open>{_QUOTE})?(?P<value>{_PLAIN}))"
_FLAGS = re.IGNORECASE | re.MULTILINE
_NAMED = (
    # The value is the rest of the line in YAML, and of headers.
    re.compile(
        rf"^(?P<before>[ \t]*(?:-[ \t]+)?(?:{_QUOTE})?(?:[\w.-]*{_NAME}|{_AUTHORIZATION})(?:{_QUOTE})?[ \t]*:[ \t]+)"
        r"(?P<value>[^\s\"'#][^\n]{3,})$",
        _FLAGS,
    ),
    re.compile(rf"(?P<before>cookie{_IS}(?:{_QUOTE})?)(?P<value>[^\n\"'\\]{{4,}})", _FLAGS),
    re.compile(
        rf"(?P<before>(?:{_AUTHORIZATION}){_IS}(?:{_QUOTE})?(?:(?:bearer|basic|token){_SPACE}+)?)(?P<value>{_PLAIN})",
        _FLAGS,
    ),
    re.compile(
        rf"(?P<before>{LEFT}(?:bearer|basic){_SPACE}+)(?P<value>(?=[\w.~+/-]*[0-9=])[\w.~+/-]{{8,}}=*)",
        _FLAGS,
    ),
    re.compile(rf"(?P<before>{_NAME}{_IS}){_VALUE}", _FLAGS),
    re.compile(rf"(?P<before>--[\w-]{{0,60}}{_NAME}[ \t]+){_VALUE}", _FLAGS),
    # The password of an address.
    re.compile(r"(?P<before>://[^/\s:@\"']*:)(?P<value>[^/\s@\"']+)(?=@)"),
)
_HINTS = ("token", "passw", "passphrase", "secret", "pwd", "key", "sig", "authorization", "cookie", "bearer", "basic")
_NO_SECRET = re.compile(
    # A pseudonym, a reference to a value that stands elsewhere, a word of a language, or a call.
    r"secret-\d+|\$[({\[][^)}\]]*[)}\]]+|\{\{[^}]*\}\}|\$\w+|%\w+%|\*+"
    r"|(?:true|false|null|none|undefined|string|str|bytes|bool|boolean|number)\b\W*|[A-Za-z_][\w.]*\(.*",
    re.IGNORECASE | re.DOTALL,
)
_SECRET_NAME = re.compile(rf"{_NAME}$|^(?:{_AUTHORIZATION})$", re.IGNORECASE)


def names_secret(name: str) -> bool:
    """Return whether the value of a member with this name is a secret."""
    return _SECRET_NAME.search(name) is not None


def is_secret(value: str) -> bool:
    """Return whether the value behind the name of a secret is one, and no reference, word or call."""
    return len(value) >= 4 and _NO_SECRET.fullmatch(value.strip()) is None


def replace_secrets(text: str, pseudonym: Callable[[str], str]) -> str:
    """Return the text with a pseudonym for each secret in it."""
    if "-----BEGIN" in text:
        text = _KEY.sub(lambda found: pseudonym(found[0]), text)
    text = _TOKEN.sub(lambda found: pseudonym(found[0]), text)

    def named(found: re.Match[str]) -> str:
        parts = found.groupdict()
        value, quote = parts.get("value") or parts["quoted"], parts.get("quote") or ""
        if not is_secret(value):
            return found[0]
        return f"{found['before']}{parts.get('open') or quote}{pseudonym(value)}{quote}"

    lowered = text.lower()
    if "://" in text or any(hint in lowered for hint in _HINTS):
        for form in _NAMED:
            text = form.sub(named, text)
    return text
