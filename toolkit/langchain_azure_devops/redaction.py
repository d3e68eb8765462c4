"""Secrets out: each becomes a stable pseudonym before a model, trace, checkpoint, report or recording sees it."""

import base64
import hashlib
import hmac
import math
import re
from collections.abc import Callable

# Names of groups say what was found; `secret` is the part that is replaced.
_RULES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("private-key", r"(?s:(?P<secret>-----BEGIN [A-Z ]*PRIVATE KEY-----.{20,}?-----END [A-Z ]*PRIVATE KEY-----))"),
        ("azure-devops-pat", r"(?<![A-Za-z0-9])(?P<secret>[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4})(?![A-Za-z0-9])"),
        ("azure-devops-pat", r"(?<![A-Za-z0-9+/=_-])(?P<secret>[a-z2-7]{52})(?![A-Za-z0-9+/=_-])"),
        ("azure-devops-pat", r"(?i:\bbasic\s+)(?P<secret>[A-Za-z0-9+/]{60,}={0,2})"),
        ("account-key", r"(?i:(?:Account|Shared ?Access)Key\s*=\s*)(?P<secret>[A-Za-z0-9+/]{40,}={0,2})"),
        ("shared-access-signature", r"(?i:[?&]sig=)(?P<secret>[A-Za-z0-9%+/]{40,}={0,2})"),
        ("password", r"(?i:\b(?:password|pwd)\s*=\s*)(?P<secret>[^\s;\"'<>$(){}\[\]*]{6,})(?=\s*(?:;|$|[\"']))"),
        ("jwt", r"(?<![A-Za-z0-9_-])(?P<secret>eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})"),
        ("aws-access-key", r"(?<![A-Z0-9])(?P<secret>(?:AKIA|ASIA)[A-Z2-7]{16})(?![A-Z0-9])"),
        ("github-token", r"(?<![A-Za-z0-9_])(?P<secret>gh[pousr]_[A-Za-z0-9]{36,})"),
        ("google-api-key", r"(?<![A-Za-z0-9_-])(?P<secret>AIza[A-Za-z0-9_-]{35})(?![A-Za-z0-9_-])"),
        ("slack-token", r"(?P<secret>xox[abposr]-[A-Za-z0-9-]{20,})"),
    )
)
# What a text must hold for a rule to be worth trying: a plain word in lower case, which is found 20 times faster than
# a pattern, and then the beginning of the secret itself.
_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (word, re.compile(pattern))
    for word, pattern in (
        ("private key-----", r"PRIVATE KEY-----"),
        ("azdo", r"AZDO"),
        ("basic", r"(?i:basic\s+[A-Za-z0-9+/]{60})"),
        ("key", r"(?i:Key\s*=\s*[A-Za-z0-9+/]{40})"),
        ("sig=", r"(?i:[?&]sig=)"),
        ("passw", r"(?i:passw)"),
        ("pwd", r"(?i:pwd)"),
        ("eyj", r"eyJ[A-Za-z0-9_-]{10}"),
        ("akia", r"AKIA[A-Z2-7]{16}"),
        ("asia", r"ASIA[A-Z2-7]{16}"),
        ("gh", r"gh[pousr]_"),
        ("aiza", r"AIza"),
        ("xox", r"xox[abposr]-"),
    )
)
_BASE32 = bytes(ord("a") if chr(code) in "abcdefghijklmnopqrstuvwxyz234567" else 32 for code in range(256))
_BASE32_RUN = b"a" * 52
_PLACEHOLDER = re.compile(r"(?i)example|sample|placeholder|dummy|changeme|redacted|your[-_]|xxxx|\*\*\*|0{12}")
PSEUDONYM = re.compile(r"\[secret:([a-z-]+):([0-9a-f]{10})\]")


def suspicious(text: str) -> bool:
    """Whether a text may hold a secret; a quick look before the rules."""
    lowered = text.casefold()
    if any(word in lowered and sign.search(text) for word, sign in _SIGNS):
        return True
    return _BASE32_RUN in text.encode(errors="replace").translate(_BASE32)


def redact(text: str, key: bytes, remember: Callable[[str, str], None] | None = None) -> str:
    """A text in which each secret is replaced by `[secret:KIND:DIGEST]`, the same for the same secret and key.

    Args:
        text: What may hold secrets.
        key: Keys the digest, so that it says nothing about the secret to somebody without the key.
        remember: Told each pseudonym and the secret it stands for.
    """
    if not suspicious(text):
        return text
    for kind, pattern in _RULES:

        def replace(match: re.Match[str], kind: str = kind) -> str:
            secret = match["secret"]
            if _PLACEHOLDER.search(secret) or (kind != "private-key" and _entropy(secret) < 2.5):
                return match[0]
            pseudonym = pseudonym_of(secret, kind, key)
            if remember is not None:
                remember(pseudonym, secret)
            return match[0].replace(secret, pseudonym)

        text = pattern.sub(replace, text)
    return text


def pseudonym_of(secret: str, kind: str, key: bytes) -> str:
    """What stands for a secret."""
    return f"[secret:{kind}:{hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()[:10]}]"


def without(text: str, token: str) -> str:
    """A text without one known token, in clear or as a Basic credential."""
    basic = base64.b64encode(f":{token}".encode()).decode()
    return text.replace(token, "[secret:own-token]").replace(basic, "[secret:own-token]")


def _entropy(text: str) -> float:
    """Bits per character."""
    counts = [text.count(character) / len(text) for character in set(text)]
    return -sum(share * math.log2(share) for share in counts)
