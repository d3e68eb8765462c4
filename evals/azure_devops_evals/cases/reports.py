"""The last step of every reference solution."""

from pydantic import JsonValue

from azure_devops_agents.models.scripted import Call, Step

__all__ = ["reported"]


def reported(
    answer: str,
    *observed: tuple[str, str] | tuple[str, str, str],
    verdict: str = "answered",
    left_open: tuple[str, ...] = (),
) -> Step:
    """Return a report with the answer, the observations, and what is left open.

    An observation is its evidence, its quote, and its statement; without one, the statement is that the quote is there.
    """
    rows: list[JsonValue] = [
        {"statement": statement[0] if statement else f"{quote!r} is there.", "evidence": [where], "quote": quote}
        for where, quote, *statement in observed
    ]
    missing: list[JsonValue] = [{"statement": statement} for statement in left_open]
    arguments: dict[str, JsonValue] = {"not_determined": missing} if missing else {}
    return [Call.to("write_report", answer=answer, verdict=verdict, observed=rows, **arguments)]
