"""What a value looks like: made by a machine, chosen by a person, a word, a reference, or an expression in code."""

import re

from langchain_azure_devops.text.secret_words import load_words

_LOOKED_AT = 120
"""How much of a value is looked at: more does not change what it looks like, and costs time."""

_REFERENCE = re.compile(
    r"[$%#@!]\{|\$\(|\$\[\w|\{\{|\}\}|<[%/\w]|^%[\w.]+%$|^\$[A-Za-z_][\w.:]*$|^[@*&]\w+$|^\$\$?[({<]|"
    r"\bprocess\.env|\bos\.environ|\bgetenv\b|\bsecrets\.|\benv\.|^\[secret:|^@Microsoft\.|"
    r"^(?:op|vault|ref\+\w+|secretref|file|arn|ssm|keyvault|env|projects|urn|akv)[:+/]|^\[[a-zA-Z]+\(|^!(?:[Rr]ef|Sub|GetAtt|vault|env|secret)\b|^_\w+$|^(?:true|false|null)\b|^%[sdrqv]$|%\([a-z]\w*\)s|"
    r"\(\?[:=!<P]|\[\^|\b(?:A-[ZF]|a-[zf]|0-9)|abcdefgh|ABCDEFGH|0123456789|^[A-Za-z_][\w.]*\.[A-Za-z_]\w*\("
)
_BRACES = re.compile(r"\{[^{}]{0,80}\}")
_PLACE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[A-Za-z]:\\|\.{0,2}/(?:[\w.@-]{1,24}/)+[\w.@-]{0,24}$|~/")
_GUID = re.compile(r"(?i)[{]?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}[}]?")
_NO_VALUE = re.compile(
    r"(?i)#[0-9a-f]{3,8}|0x[0-9a-f]{1,8}|v?\d+(?:\.\d+)+[a-z0-9.+-]{0,12}|\d{4}-\d\d-\d\d.{0,16}|\d+(?:\.\d+)?[a-z%]{1,3}|"
    r"(?:sha|md|rs|es|hs|aes|base|utf|oauth|rsa|ed|hmac|bcrypt|http|tls|ssl|cl)[-_]?\d{1,5}(?:k_\w{1,8}|with\w{1,8}|url|[lb]e)?"
)
_COMMON = load_words("common")
_WORD_AND_NUMBER = re.compile(r"\W{0,2}(?P<word>[A-Za-z][A-Za-z _-]{0,40})(?:\d{0,4}|\W{0,3})")
_ABOUT_SECRETS = re.compile(
    r"(?i)passw|secret|token|credential|apikey|string|required|invalid|unknown|default|must|enter"
)
_USUAL_PAIR = re.compile(
    "(?i:(?="
    + "|".join(f"{row[0]}[{row[1:]}]" for row in sorted(load_words("followers")))
    + "))|(?<=[a-z])(?=[A-Z][a-z]{2})"
)
_LETTER_PAIR = re.compile(r"(?=[A-Za-z]{2})")
_MIXED_PAIR = re.compile(r"(?=[A-Za-z]\d|\d[A-Za-z])")
# How many pairs must be unusual at least, and what share of all pairs.
_UNUSUAL_WITH_DIGITS = (5, 0.45)
_UNUSUAL_LETTERS = (8, 0.6)
_CHAIN = re.compile(
    r"[!&*-]{0,2}[A-Za-z_$][\w$]*(?:\?{0,2}\.{1,3}[\w$]+|:{1,2}[\w$]+|->[\w$]+|\[[^\]\s]{0,60}\]?|\([^()\s]{0,80}\)?|<[\w,.]+>)*"
    r"[,;:{(\[)\]}]*"
)
_DESCRIPTOR = re.compile(r"(?:aad|aadgp|acs|bnd|imp|msa|s2s|scp|svc|unusr|vss|vssgp|win)\.[\w-]{20,200}", re.ASCII)
_ID = re.compile(r"(?i)[{]?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}[}]?|[0-9a-f]{40}|[0-9a-f]{64}")
_ID_LENGTHS = frozenset({36, 38, 40, 64})
# What has digits and signs like a password: a mail address, a host or file, a date, numbered words, and
# what a version or the number of an item follows.
_NAMED_THING = re.compile(
    r"[\w.+-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z]{2,10}|"
    r"[\W\d_]*(?:[A-Za-z]{1,2}[\W\d_]+){0,2}|(?:(?:[A-Za-z]*\d{0,8}|\d+[A-Za-z]{0,3})[._/:\\-])*(?:[A-Za-z]*\d{0,8}|\d+[A-Za-z]{0,3})"
)
_SHORT_DIGEST = re.compile(r"[0-9a-fA-F]{1,31}")
_NUMBERED = re.compile(r"[#@!]\d[\d.]*|\+\+|^\$/")
_STRONG_SIGN = re.compile(r"[!#$%&*+=?@^~|{}]")
_CHANGE = re.compile(
    r"(?=[a-z][A-Z](?![a-z])|[A-Za-z]\d|\d[A-Za-z]|[A-Za-z0-9][!#$%&*+=?@^~|{}]|[!#$%&*+=?@^~|{}][A-Za-z0-9])"
)
_SHORTEST_STRONG = 8
_LONGEST_CHOSEN = 15
"""Letters and digits of a value, above which signs between words could make it look like a password."""
_MANY_CHANGES, _FEW_CHANGES = 4, 2
_PIECE = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MANY_PIECES, _SHORT_PIECE = 5, 2.5
_TERM = r"(?:[a-z_]{1,6}\d?|\d{1,2})"
_SUM = re.compile(rf"[(\[{{!-]{{0,3}}(?:{_TERM}[-+*/%|&^=<>?:.,()\[\]{{}}]{{1,4}})+{_TERM}?")


def is_literal(value: str) -> bool:
    """Return whether it is a value, and not a reference such as `$(DbPassword)`, an address or the name of a thing."""
    value = value[:_LOOKED_AT]
    if _REFERENCE.search(value) or _PLACE.match(value) or _NO_VALUE.fullmatch(value):
        return False
    # A format, as `user-{name}`, has nothing but words around its fields.
    return "{" not in value or not _is_words_only(_BRACES.sub(" ", value))


def _is_words_only(value: str) -> bool:
    return re.fullmatch(r"[A-Za-z\s:._/-]*", value) is not None


def is_guid(value: str) -> bool:
    """Return whether it is a GUID."""
    return _GUID.fullmatch(value) is not None


def is_common(value: str) -> bool:
    """Return whether it is a common word, perhaps with a number after it, which also stands where nothing is secret."""
    match = _WORD_AND_NUMBER.fullmatch(value[:_LOOKED_AT])
    return match is not None and re.sub(r"[\W_]", "", match["word"]).lower() in _COMMON


def is_reserved(value: str) -> bool:
    """Return whether it speaks of secrets, as a message or a label does."""
    return _ABOUT_SECRETS.search(value[:_LOOKED_AT]) is not None


def is_random(value: str) -> bool:
    """Return whether a machine made it: its letters and digits follow each other as in no word and no name."""
    value = value[:_LOOKED_AT]
    mixed = len(_MIXED_PAIR.findall(value))
    letters = len(_LETTER_PAIR.findall(value))
    unusual = mixed + letters - len(_USUAL_PAIR.findall(value))
    least, share = _UNUSUAL_WITH_DIGITS if any(map(str.isdigit, value)) else _UNUSUAL_LETTERS
    return unusual >= least and unusual >= share * (mixed + letters)


def reads_as_words(value: str) -> bool:
    """Return whether it is made of words with separators between them, as the name of a thing is."""
    value = value[:_LOOKED_AT]
    if is_random(value) or not re.fullmatch(r"[\w$@.:/ -]*", value, re.ASCII):
        return False
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", value) if part]
    if any(map(_changes_case_like_no_name, parts)):
        return False
    if len(parts) == 1:
        return parts[0].isalpha()
    return all(
        part.isalpha() or re.fullmatch(r"\d{1,2}|[A-Za-z]+\d{1,3}[a-z]?|\d{1,2}[a-z]{1,3}", part) for part in parts
    )


def _changes_case_like_no_name(part: str) -> bool:
    """Return whether capitals cut it into so many pieces, and such short ones, that it is no name in camel case."""
    pieces = _PIECE.findall(part)
    return len(pieces) >= _MANY_PIECES and len("".join(pieces)) < _SHORT_PIECE * len(pieces)


def is_chain(value: str) -> bool:
    """Return whether it is a name in code with what is read or called there: `cts2.Token`, `read(path)`, `keys[0]`."""
    value = value[:_LOOKED_AT]
    if value.isalnum() or is_random(value) or not _CHAIN.fullmatch(value):
        return False
    return re.fullmatch(r"[\w-]*", value) is None or reads_as_words(value)


def is_sum(value: str) -> bool:
    """Return whether it is made of short names and numbers with the signs of arithmetic between them: `size*2+1`."""
    value = value[:_LOOKED_AT]
    return _SUM.fullmatch(value) is not None


def is_id(value: str) -> bool:
    """Return whether it has the form of an id that the service gives: a GUID, a commit, or a digest of 64 digits."""
    return len(value) in _ID_LENGTHS and _ID.fullmatch(value) is not None


def is_descriptor(value: str) -> bool:
    """Return whether it has the form in which the service names a person or a group: `aad.NjU4...`, `vssgp.Uy0x...`."""
    return _DESCRIPTOR.fullmatch(value) is not None


def is_unmistakable(value: str) -> bool:
    """Return whether a value stands for nothing but itself anywhere: a machine made it, or it is a strong password.

    Words, paths, names, dates, numbers and addresses also stand where nothing is secret, and whoever can write a text
    can call any of them a password there.
    """
    value = value[:_LOOKED_AT]
    letters = re.sub(r"[\W_]", "", value)
    if len(value) < _SHORTEST_STRONG or any(map(str.isspace, value)) or not is_literal(value):
        return False
    if _SHORT_DIGEST.fullmatch(value) or (len(letters) > _LONGEST_CHOSEN and not is_random(letters)):
        return False
    if is_random(value):
        return _NAMED_THING.fullmatch(value) is None or value.isalnum()
    return not (_NAMED_THING.fullmatch(value) or is_chain(value) or is_sum(value)) and _is_strong_password(value)


def _is_strong_password(value: str) -> bool:
    """Return whether its kinds of characters change often, or a sign stands among letters and digits."""
    plain = _NUMBERED.sub("", value)
    changes = len(_CHANGE.findall(plain))
    strong = _STRONG_SIGN.search(plain) is not None and any(map(str.isdigit, plain))
    return changes >= _MANY_CHANGES or (strong and changes >= _FEW_CHANGES)
