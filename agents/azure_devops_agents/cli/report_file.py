"""Write a report to a file: Markdown, a page, JSON or SARIF, by the ending of its name."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage

from azure_devops_agents.cli.options import REPORT_ENDINGS
from azure_devops_agents.cli.terminal import machine_readable, make_safe
from azure_devops_agents.evidence.record import FullEvidence
from azure_devops_agents.investigation.investigator import Investigator
from azure_devops_agents.reports.markdown import render_markdown
from azure_devops_agents.reports.page import DEFAULT_TITLE, render_page
from azure_devops_agents.reports.sarif import render_sarif
from langchain_azure_devops.errors import InvalidRequest

_Render = Callable[[Mapping[str, Any], Mapping[str, FullEvidence], str], str]


def _as_page(report: Mapping[str, Any], evidence: Mapping[str, FullEvidence], question: str) -> str:
    return render_page(report, evidence, {name: entry["text"] for name, entry in evidence.items()}, question)


def _as_markdown(report: Mapping[str, Any], _: Mapping[str, FullEvidence], question: str) -> str:
    return make_safe(render_markdown(report, question or DEFAULT_TITLE))


def _as_json(report: Mapping[str, Any], evidence: Mapping[str, FullEvidence], _: str) -> str:
    return report_as_json(report, evidence, render_markdown(report))


def _as_sarif(report: Mapping[str, Any], evidence: Mapping[str, FullEvidence], question: str) -> str:
    return machine_readable(render_sarif(report, evidence, question))


_FORMS: Mapping[str, _Render] = dict(zip(REPORT_ENDINGS, (_as_markdown, _as_page, _as_json, _as_sarif), strict=True))


def report_as_json(report: Mapping[str, Any] | None, evidence: Mapping[str, FullEvidence], message: str) -> str:
    """Return the report, the last words of the model and the evidence of a thread as JSON."""
    return machine_readable({"report": report, "message": message, "evidence": list(evidence.values())})


def write_report(
    path: Path, report: Mapping[str, Any], evidence: Mapping[str, FullEvidence], question: str = ""
) -> None:
    """Write a report for its owner alone. The file is whole or as it was before, whenever the process ends.

    Raises:
        InvalidRequest: The ending is not known, or the file cannot be written.
    """
    render = _FORMS.get(path.suffix.lower())
    if render is None:
        raise InvalidRequest(f"{path.name!r} must end with one of {', '.join(REPORT_ENDINGS)}.", subject="report")
    text = render(report, evidence, question).rstrip("\n") + "\n"
    try:
        # Such a file is readable by its owner only.
        descriptor, beside = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(beside).replace(path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InvalidRequest(
            f"The report was not written to {path}: {error.strerror}. Choose another file.", subject="report"
        ) from error


def save_report(investigator: Investigator, thread: str, path: Path) -> None:
    """Write the last report of a thread to a file.

    Raises:
        InvalidRequest: There is no report yet, the ending is not known, or the file cannot be written.
    """
    state = investigator.state(thread)
    if not (report := state.get("report")):
        raise InvalidRequest("There is no report in this thread yet. Ask a question first.", subject="report")
    asked = [str(message.text) for message in state["messages"] if isinstance(message, HumanMessage)]
    write_report(path, report, investigator.evidence(thread), asked[-1] if asked else "")


def as_json(investigator: Investigator, thread: str) -> str:
    """Return the report and the evidence of a thread as JSON, with the last words of the model."""
    state = investigator.state(thread)
    spoken = [str(message.text) for message in state.get("messages", []) if isinstance(message, AIMessage)]
    return report_as_json(state.get("report"), investigator.evidence(thread), spoken[-1] if spoken else "")
