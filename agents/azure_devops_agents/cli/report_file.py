"""Write a report to a file: Markdown, a page, JSON or SARIF, by the ending of its name."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from azure_devops_agents.cli.terminal import machine_readable, make_safe
from azure_devops_agents.evidence.record import FullEvidence
from azure_devops_agents.reports.markdown import render_markdown
from azure_devops_agents.reports.page import DEFAULT_TITLE, render_page
from azure_devops_agents.reports.sarif import render_sarif
from langchain_azure_devops.errors import InvalidRequest

_Render = Callable[[Mapping[str, Any], Mapping[str, FullEvidence], str], str]


def _as_page(report: Mapping[str, Any], evidence: Mapping[str, FullEvidence], question: str) -> str:
    return render_page(report, evidence, {name: entry["text"] for name, entry in evidence.items()}, question)


_FORMS: Mapping[str, _Render] = {
    ".md": lambda report, _, question: make_safe(render_markdown(report, question or DEFAULT_TITLE)),
    ".html": _as_page,
    ".json": lambda report, evidence, _: report_as_json(report, evidence),
    ".sarif": lambda report, evidence, question: machine_readable(render_sarif(report, evidence, question)),
}
ENDINGS = ", ".join(_FORMS)


class ReportFile(click.ParamType[Path, str]):
    """The name of a file for a report, whose ending says in which form it is written."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path, or refuse one whose ending is not known or whose folder does not exist."""
        path = Path(str(value))
        if path.suffix.lower() not in _FORMS:
            self.fail(f"{path.name!r} must end with one of {ENDINGS}.", param, ctx)
        if not path.absolute().parent.is_dir():
            self.fail(f"There is no folder {str(path.absolute().parent)!r}.", param, ctx)
        return path


def report_as_json(report: Mapping[str, Any] | None, evidence: Mapping[str, FullEvidence]) -> str:
    """Return the report and the evidence of a thread as JSON."""
    return machine_readable({"report": report, "evidence": list(evidence.values())})


def write_report(
    path: Path, report: Mapping[str, Any], evidence: Mapping[str, FullEvidence], question: str = ""
) -> None:
    """Write a report for its owner alone. The file is whole or as it was before, whenever the process ends.

    Raises:
        InvalidRequest: The ending is not known, or the file cannot be written.
    """
    render = _FORMS.get(path.suffix.lower())
    if render is None:
        raise InvalidRequest(f"{path.name!r} must end with one of {ENDINGS}.", subject="report")
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
            f"The report was not written to {path.name}: {error.strerror}. Choose another file.", subject="report"
        ) from error
