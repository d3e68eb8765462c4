"""A model that plays the reference solution of a case for an agent that has no `write_report`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from azure_devops_agents.reports.report import SECTIONS, WRITE_REPORT
from azure_devops_evals.running.script import CaseModel


class SolutionModel(CaseModel):
    """Plays a script. Where no `write_report` is offered, the report of the script is the answer, as text."""

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,  # noqa: ARG002 - LangChain's signature
        **kwargs: Any,  # noqa: ARG002 - same
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Remember the names of the tools, which is all that a script needs of them."""
        return self.bind(tools=[{"name": name_tool(tool)} for tool in tools])

    def reword(self, message: AIMessage, tools: Sequence[Mapping[str, Any]]) -> AIMessage:
        """Return a report as text where no tool takes it, and else what the script says."""
        said = super().reword(message, tools)
        report = next((call["args"] for call in said.tool_calls if call["name"] == WRITE_REPORT), None)
        takes_reports = any(tool.get("name") == WRITE_REPORT for tool in tools)
        return said if report is None or takes_reports else AIMessage(as_text(report))


def name_tool(tool: dict[str, Any] | type | Callable[..., Any] | BaseTool) -> str:
    """Return the name of a tool in any of the forms that a model binds."""
    return tool.name if isinstance(tool, BaseTool) else str(convert_to_openai_tool(tool)["function"]["name"])


def as_text(report: Mapping[str, Any]) -> str:
    """Return a report as the text of an answer: the answer, what is left open, quotes as block quotes, and facts."""
    rows = [row for section in SECTIONS for row in report.get(section) or ()]
    quotes = ["\n".join(f"> {line}" for line in row["quote"].split("\n")) for row in rows if row.get("quote")]
    left_open = [str(row["statement"]) for row in rows if not row.get("quote")]
    facts = "\n".join(f"{fact['name']}: {', '.join(fact['values']) or 'unknown'}" for fact in report.get("facts") or ())
    return "\n\n".join([str(report["answer"]), *left_open, *quotes, *([facts] if facts else [])])
