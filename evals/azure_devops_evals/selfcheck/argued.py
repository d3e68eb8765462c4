"""The wrong agents that pass a case, each with the reason. They are few: `prove` allows one in a hundred."""

ARGUED: dict[tuple[str, str], str] = {
    ("no-call-left-to-file", "writes what nobody asked for"): "no call is left, so nothing is written",
    ("sign-in-page", "cites other evidence"): "every call was answered with the same sign-in page",
    ("token-revoked-midway", "writes what nobody asked for"): "the token is revoked by then, so nothing is written",
}
"""Why a wrong agent passes, by the case and the name of the agent."""
