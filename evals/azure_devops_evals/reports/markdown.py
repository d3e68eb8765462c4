"""Results as Markdown, for the summary of a build."""

import re
from collections.abc import Sequence

from azure_devops_evals.reports.text import counts, metrics, value, words
from azure_devops_evals.running.log_safety import make_safe
from azure_devops_evals.running.run import Result
from azure_devops_evals.scoring.gates import Decision
from langchain_azure_devops.safety import ContentPolicy, neutralize


def as_markdown(results: Sequence[Result], decision: Decision, seconds: float, more: Sequence[str] = ()) -> str:
    """Return what blocks, the counts by area, the metrics, and the trace of each case that did not pass."""
    head = "passed" if not decision.reasons else f"blocked, exit code {int(decision.exit)}"
    lines = [f"## Evals: {head}", "", f"{words(counts(results))} in {seconds:.1f} s", ""]
    lines += [f"- {_inline(reason)}" for reason in decision.reasons]
    lines += [f"- {_inline(line.strip())}" for line in more]
    lines += ["", "| area | cases |", "|---|---|"]
    for area in sorted({result.area for result in results}):
        lines.append(f"| {_inline(area)} | {words(counts(one for one in results if one.area == area))} |")
    lines += ["", "| metric | found |", "|---|---|"]
    lines += [f"| {_inline(name)} | {value(name, count)} |" for name, count in metrics(results).items()]
    for result in results:
        if result.status != "pass":
            lines += ["", f"### {_inline(result.case)}: {result.status}", ""]
            lines += _fence(result.trace or "\n".join(result.reasons))
    return "\n".join(lines) + "\n"


def _inline(text: str) -> str:
    """Escape a text so that it does not affect the Markdown around it, and links to nothing."""
    inert = neutralize(" ".join(make_safe(text).split()), ContentPolicy(()))
    return re.sub(r"([\\`*_{}\[\]<>|#!~&])", r"\\\1", inert)


def _fence(text: str) -> list[str]:
    """Put a text in a fence longer than any fence in it, so that it cannot become a link, an image or a heading."""
    text = make_safe(text)
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return [f"{fence}text", text, fence]
