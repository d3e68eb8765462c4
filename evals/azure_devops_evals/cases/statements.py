"""The last step of every reference solution."""

from pydantic import JsonValue

from azure_devops_agents.models import Call, Step


def reported(answer: str, *observed: tuple[str, str], verdict: str = "answered") -> Step:
    """A report: the answer, and for each observation the evidence it is in and the quote that says it."""
    rows: list[JsonValue] = [
        {"statement": f"{quote!r} is there.", "evidence": [where], "quote": quote} for where, quote in observed
    ]
    return [Call.to("write_report", answer=answer, verdict=verdict, observed=rows)]
