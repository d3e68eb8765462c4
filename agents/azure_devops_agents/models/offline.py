"""The offline model: a table of patterns turns simple questions into calls of tools.

Like a language model, it reads the text of results: the conversation holds no other form of them, because every
checkpoint would store their data again. Each rule says how people word a question, and no declaration of a tool can say
that; a tool without a rule is never called.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage

from azure_devops_agents.models.offline_report import report_results
from azure_devops_agents.models.scripted import NAME_A_MODEL, Call, KeylessModel, Step, UnknownQuestion

_IN = r"(?:\s+(?:in|of|from)\s+(?:the\s+)?(?:project\s+)?[\"']?(?P<project>[\w .-]+?)[\"']?(?:\s+project)?$)?"
_NAME = r"[\"'`]?(?P<{0}>[\w./-]+)[\"'`]?"


class Rule(NamedTuple):
    """A kind of question.

    Attributes:
        example: How to ask it.
        pattern: Recognizes it; names of groups are names of arguments.
        tool: What to call.
        fixed: Arguments that follow from the kind of question.
        then: The calls that follow from the first answer, if any.
    """

    example: str
    pattern: str
    tool: str
    fixed: Mapping[str, Any] = MappingProxyType({})
    then: Callable[[str], Step] | None = None


def _first_build(text: str) -> Step:
    """Return the build in the first row of a table."""
    row = re.search(r"^id\t.*\n(\d+)\t", text, re.MULTILINE)
    if row is None:
        return []
    return [Call.to("diagnose_build", build=int(row[1]))]


RULES: tuple[Rule, ...] = (
    Rule("Which projects are there?", r"(?:which|list|show|what).*\bprojects\b", "list_projects"),
    Rule(
        "List the open pull requests in the Platform project.",
        rf"(?:list|show|which|what).*\b(?:open|active)\s+pull requests\b{_IN}",
        "list_pull_requests",
        {"status": "active"},
    ),
    Rule(
        "List the completed pull requests in the Platform project.",
        rf"(?:list|show|which|what).*\b(?P<status>completed|abandoned|all)\s+pull requests\b{_IN}",
        "list_pull_requests",
    ),
    Rule(
        "Show pull request 13.",
        r"\bpull request\s+[#!]?(?P<id>\d{1,10})\b",
        "get_pull_request",
        {"include": ["files", "threads"]},
    ),
    Rule(
        "Which repositories are there in the Platform project?",
        rf"(?:list|show|which|what).*\brepositories\b(?:\s+are\s+there)?{_IN}",
        "list_repositories",
    ),
    Rule(
        "List the branches of platform-api.", rf"\bbranches\s+(?:of|in)\s+{_NAME.format('repository')}", "list_branches"
    ),
    Rule(
        "Read /README.md in platform-api.",
        rf"\b(?:read|show|open)\s+(?:the file\s+)?{_NAME.format('path')}\s+(?:in|of|from)\s+"
        rf"{_NAME.format('repository')}",
        "read_repository_file",
    ),
    Rule("Show work item 4.", r"\b(?:work item|bug|task)\s+#?(?P<id>\d{1,10})\b", "get_work_item", {"comments": True}),
    Rule(
        "List the bugs in the Platform project.",
        rf"(?:list|show|which|what).*\bbugs\b(?:\s+are\s+there)?{_IN}",
        "query_work_items",
        {"type": "Bug"},
    ),
    Rule(
        "List the work items in the Platform project.",
        rf"(?:list|show|which|what).*\bwork items\b(?:\s+are\s+there)?{_IN}",
        "query_work_items",
    ),
    Rule(
        "Why did the last build of platform-api-ci fail?",
        rf"\bwhy\b.*\b(?:build|run|pipeline)\b.*?\bof\s+{_NAME.format('pipeline')}",
        "list_builds",
        {"result": "failed", "limit": 1},
        _first_build,
    ),
    Rule("Why did build 35 fail?", r"\bwhy\b.*\bbuild\s+#?(?P<build>\d{1,10})\b", "diagnose_build"),
    Rule("Show build 35.", r"\bbuild\s+#?(?P<id>\d{1,10})\b", "get_build"),
    Rule(
        "List the failed builds in the Platform project.",
        rf"(?:list|show|which|what).*\bfailed builds\b(?:\s+are\s+there)?{_IN}",
        "list_builds",
        {"result": "failed"},
    ),
    Rule("List the builds in the Platform project.", rf"(?:list|show|which|what).*\bbuilds\b{_IN}", "list_builds"),
    Rule(
        "List the pipelines in the Platform project.",
        rf"(?:list|show|which|what).*\bpipelines\b{_IN}",
        "list_pipelines",
    ),
    Rule(
        'Is "AccountKey" in code in the Payments project?',
        rf"\b(?:is|search(?:\s+for)?|find|where is)\s+[\"'`](?P<text>[^\"'`]+)[\"'`]"
        rf"(?:\s+(?:in|used in)\s+(?:the\s+)?code)?{_IN}",
        "search_code",
    ),
)


class OfflineModel(KeylessModel):
    """Not a language model: it recognizes the questions of RULES and reports what the tools answered."""

    description: ClassVar[str] = "no language model: a table of plain questions"
    notice: ClassVar[str] = (
        f"No language model answered. This lists what the tools returned, without a conclusion. {NAME_A_MODEL}"
    )

    def calls(self, messages: list[BaseMessage], turn: int) -> Step:
        """Return the rule's call, then the calls that follow from the answer, then the report."""
        last = max(index for index, message in enumerate(messages) if isinstance(message, HumanMessage))
        rule, arguments = match_question(str(messages[last].text))
        if turn == 0:
            return [Call(name=rule.tool, arguments=arguments)]
        answers = [message for message in messages[last:] if isinstance(message, ToolMessage)]
        if turn == 1 and rule.then is not None and (step := rule.then(str(answers[-1].content))):
            return step
        return [Call.to("write_report", **report_results(answers))]


def match_question(question: str) -> tuple[Rule, dict[str, Any]]:
    """Find the first rule that a question fits, and the arguments in the question.

    Raises:
        UnknownQuestion: It fits none; the message lists what can be asked.
    """
    text = " ".join(question.split()).rstrip("?.! ")
    for rule in RULES:
        if match := re.search(rule.pattern, text, re.IGNORECASE):
            given: dict[str, Any] = {name: value.strip() for name, value in match.groupdict().items() if value}
            if number := given.pop("id", None):
                given["ids"] = [int(number)]
            if build := given.get("build"):
                given["build"] = int(build)
            return rule, {**rule.fixed, **given}
    examples = "\n".join(f"  {rule.example}" for rule in RULES)
    raise UnknownQuestion(
        f"Without a language model only plain questions like these are understood:\n{examples}\n{NAME_A_MODEL}",
        subject="question",
    )
