"""The last step of every reference solution."""

from pydantic import JsonValue

from azure_devops_agents.models.scripted import Call, Step

__all__ = ["reported"]


def reported(
    answer: str, *observed: tuple[str, str], verdict: str = "answered", left_open: tuple[str, ...] = ()
) -> Step:
    """Return a report with the answer, the evidence and quote of each observation, and what is left open."""
    rows: list[JsonValue] = [
        {"statement": f"{quote!r} is there.", "evidence": [where], "quote": quote} for where, quote in observed
    ]
    missing: list[JsonValue] = [{"statement": statement} for statement in left_open]
    arguments: dict[str, JsonValue] = {"not_determined": missing} if missing else {}
    return [Call.to("write_report", answer=answer, verdict=verdict, observed=rows, **arguments)]
