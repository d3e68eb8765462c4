"""What single values look like: made by a machine, chosen by a person, a word, a reference, or an expression."""

import pytest

from langchain_azure_devops.text import secret_values

PREDICATES = (
    "is_literal", "is_guid", "is_common", "is_reserved", "is_random", "reads_as_words", "is_chain", "is_sum", "is_id",
    "is_unmistakable",
)  # fmt: skip
GUID = "6f1d8f4e-8a52-4f0e-9f5b-1e2d3c4b5a69"
COMMIT = "3f786850e387550fdab836ed7e6dc881de23001b"
MADE = {"is_literal", "is_random", "is_unmistakable"}

VALUES = {
    # Made by a machine.
    "Zx9kQ2mW7vB4nT6y": MADE,
    "aA1aA1+x": MADE,
    "fkjtzhcjw": MADE,
    "gnxspgtubqynjneg": MADE,
    "bd.9V5SvMCj": MADE,
    "faIGoCHOdJil3z_9": {"is_literal", "is_unmistakable"},
    "xDeNrauBOJlsRc_7": {"is_literal"},
    "A1b2C3d4E5": {"is_literal", "is_random"},
    "Zx9kQ2mW 7vB4nT6y": {"is_literal", "is_random"},
    # Ids.
    GUID: {*MADE, "is_guid", "is_id"},
    f"{{{GUID}}}": {"is_guid", "is_id", "is_random"},
    COMMIT: {*MADE, "is_id"},
    COMMIT.upper(): {*MADE, "is_id"},
    "a" * 64: {*MADE, "is_id"},
    "z" * 40: MADE,
    "0" * 63: {"is_literal"},
    "deadbeef1234": {"is_literal"},
    # Passwords that a person chose.
    "Tr0ub4dor&3": {"is_literal", "is_unmistakable"},
    "P@ssw0rd": {"is_literal", "is_unmistakable"},
    "Kestrel+4747": {"is_literal", "is_unmistakable"},
    "maple2026+Deploy": {"is_literal", "is_unmistakable"},
    "Deploy2026+Test22+KEYx9": {"is_literal", "is_unmistakable"},
    "aUnxkSETuE0C": {"is_literal", "is_unmistakable"},
    # What also stands where nothing is secret.
    "Kestrel!4747": {"is_literal"},
    "Pool-1x9": {"is_literal"},
    "BUILD2026+riverx9": {"is_literal"},
    "aB3$xY7!": {"is_literal"},
    "pa$$word!1": {"is_literal"},
    "falcon_2+": {"is_literal"},
    "Q7+Zk": {"is_literal"},
    "e_k0LC": {"is_literal"},
    "release-2026-11": {"is_literal"},
    # Words and names.
    "Password": {"is_literal", "is_common", "is_reserved", "reads_as_words"},
    "password1": {"is_literal", "is_common", "is_reserved"},
    "admin 2026": {"is_literal", "is_common"},
    "a b c": {"is_literal", "is_common", "reads_as_words"},
    "theQuickBrownFox": {"is_literal", "reads_as_words"},
    "getItemByIdFromDb_2": {"is_literal", "reads_as_words", "is_chain"},
    "some name 12": {"is_literal", "reads_as_words"},
    "some_name_here": {"is_literal", "reads_as_words", "is_chain"},
    "dana@contoso.com": {"is_literal", "reads_as_words"},
    # References and places.
    "$(DbPassword)": {"is_reserved", "is_chain"},
    "%PATH%": set(),
    "user-{name}": {"is_sum"},
    "{name}x9": {"is_literal", "is_sum"},
    "v1.2.3": {"reads_as_words", "is_chain", "is_sum"},
    "/etc/a/b": {"reads_as_words"},
    "https://a.example": {"reads_as_words"},
    "2026-11-20": set(),
    # Expressions.
    "read(path)": {"is_literal", "is_chain", "is_sum"},
    "conf.db1?.X2": {"is_literal", "is_chain"},
    "size*2+1": {"is_literal", "is_sum"},
}


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_told_by_what_it_looks_like(value):
    assert {name for name in PREDICATES if getattr(secret_values, name)(value)} == VALUES[value]


def test_a_guid_has_both_of_its_braces_or_none():
    assert not secret_values.is_id(f"{{{GUID}")


def test_only_the_beginning_of_a_long_value_is_looked_at():
    assert secret_values.is_common(f"{'a' * 200}") is False
    assert secret_values.is_reserved(f"{'x' * 200} secret") is False
    assert secret_values.is_literal(f"{'x' * 200}$(Name)") is True
