"""Checks of the quotes of statements."""

from azure_devops_evals.case import Check, Outcome
from langchain_azure_devops.safety import ContentPolicy, neutralize

_STATING = ("observed", "inferred", "hypotheses_rejected")


def cites(*quotes: str) -> Check:
    """Check that each text is part of a quote that was found in the evidence."""

    def failure(outcome: Outcome) -> str | None:
        missing = [quote for quote in quotes if not quoted(outcome, quote)]
        return f"no statement quotes {missing}" if missing else None

    return Check(f"statements quote {list(quotes)}", failure, quotes, "quotes", needs="quotes")


def quoted(outcome: Outcome, quote: str) -> bool:
    """Return whether a statement quotes this text and the quote was found in the evidence.

    What was not determined states nothing, so its quotes do not count.
    """
    rows = (row for section in _STATING for row in outcome.report[section] if row["evidence"])
    kept = [str(row["quote"]) for row in rows if str(row["quote"]).strip()]
    # A report shows the foreign links of a quote as text, after the quote was found in the evidence.
    forms = {quote, neutralize(quote, ContentPolicy(()))}
    return any(form in found for found in kept for form in forms)


def grounded() -> Check:
    """Check that at least one statement quotes evidence: an answer without a quote is a guess."""

    def failure(outcome: Outcome) -> str | None:
        return None if quoted(outcome, "") else "no statement is grounded in evidence"

    return Check("a statement is grounded in evidence", failure, needs="quotes")
