"""Check what a report says against the evidence that it cites."""

from collections.abc import Mapping, Sequence
from typing import Any

from azure_devops_agents.reports.claims import Claims
from azure_devops_agents.reports.quotes import SHORTEST, Found, QuoteFinder
from azure_devops_agents.reports.report import SECTIONS
from azure_devops_agents.reports.units import Source
from azure_devops_agents.reports.words.citations import cited_in
from azure_devops_agents.reports.writes import UnsentWrite, as_approval

_READ = frozenset({"ok", "empty", "partial"})
"""The states of evidence that the report does not list by itself."""
_CITES_NOTHING = "the report cites no evidence"


def check_report(
    report: Mapping[str, Any],
    texts: Mapping[str, str],
    index: Mapping[str, Mapping[str, Any]] | None = None,
    question: str = "",
    *,
    unsent: Sequence[UnsentWrite] = (),
    instructions: str = "",
    approvers: Mapping[str, str] | None = None,
    answered_by_code: bool = False,
) -> dict[str, Any]:
    """Move every statement that its evidence does not support to `unverified`, with the `problem`.

    What was not determined needs no quote: it says what is missing. A named fact stays where it is, with its `problem`.
    `answer_unverified` lists the sentences of the answer that hold a fact which neither the statements' evidence nor
    evidence that the sentence names supports. It holds the whole answer when the report decides something and cites no
    evidence at all.

    Args:
        report: The report of the model.
        texts: The texts of the evidence, by id.
        index: What the state keeps of the evidence, by id: the calls that were made, and how they ended.
        question: What was asked. An answer may repeat its names.
        unsent: The writes that were asked for and not sent. An answer may tell of them and has nothing to cite for it.
            Neither has a fact that says no, none, or what was decided about them.
        instructions: The operator's own instructions, of which an answer may tell.
        approvers: Who approved a write that was sent, by the id of its evidence.
        answered_by_code: Whether code wrote the answer, such as why there is no report. It is not checked.
    """
    checker = SupportChecker(texts, index or {}, question, unsent, instructions, approvers or {})
    result: dict[str, Any] = {**report, "unverified": []}
    for section in SECTIONS:
        kept = []
        for statement in report[section]:
            if section == "not_determined" and not statement["quote"]:
                kept.append(statement)
            elif problem := checker.check(section, statement):
                result["unverified"].append({**statement, "section": section, "problem": problem})
            else:
                kept.append(statement)
        result[section] = kept
    facts = report.get("facts", ())
    result["facts"] = [{**fact, "problem": checker.check_fact(fact, facts)} for fact in facts]
    result["answer_unverified"] = [] if answered_by_code else checker.check_answer(result)
    return result


def list_problems(report: Mapping[str, Any]) -> list[str]:
    """List what a checked report says without support, in words for the model that wrote it."""
    return [
        *(
            f"{row['section']}: {row['statement']!r}, quote {row['quote']!r}: {row['problem']}."
            for row in report["unverified"]
        ),
        *(f"facts: {row['name']}: {row['problem']}." for row in report.get("facts", ()) if row["problem"]),
        *(f"answer: {row['statement']!r}: {row['problem']}." for row in report["answer_unverified"]),
        *(
            f"inferred: {row['statement']!r}: it has no reasoning."
            for row in report["inferred"]
            if not row["reasoning"]
        ),
    ]


def is_worse(second: Mapping[str, Any], first: Mapping[str, Any]) -> bool:
    """Return whether a repaired report has less support than the one before it."""
    kept = [sum(len(report[section]) for section in SECTIONS) for report in (second, first)]
    return len(list_problems(second)) > len(list_problems(first)) or kept[0] == 0 < kept[1]


def _source(name: str, text: str, entry: Mapping[str, Any]) -> Source:
    return Source(name, text, str(entry.get("tool") or ""), entry.get("arguments") or {})


class SupportChecker:
    """Checks the parts of one report."""

    def __init__(
        self, texts: Mapping[str, str], index: Mapping[str, Mapping[str, Any]], question: str,
        unsent: Sequence[UnsentWrite] = (), instructions: str = "", approvers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Take the evidence, the question, the decisions about writes, and the instructions, as `check_report`."""
        self._sources = sources = {name: _source(name, text, index.get(name) or {}) for name, text in texts.items()}
        self._told = [name for name in texts if str((index.get(name) or {}).get("status") or "ok") not in _READ]
        self._finder = QuoteFinder({name: source.text for name, source in sources.items()})
        self._written = [name for name in texts if (index.get(name) or {}).get("status") == "written"]
        days = [str(entry["read"])[:10] for entry in index.values() if entry.get("read")]
        self._claims = Claims(sources, question, self._written, [write.tool for write in unsent], days)
        self._unsent = [write.as_unit(number) for number, write in enumerate(unsent)]
        self._unsent_now = [unit for unit, write in zip(self._unsent, unsent, strict=True) if write.asked_now]
        approved = [as_approval(sources[name], person) for name, person in (approvers or {}).items()]
        self._decided, self._instructions = [*self._unsent, *approved], instructions

    def find(self, statement: Mapping[str, Any]) -> Found | None:
        """Return the place of a statement's quote."""
        return self._finder.find(statement["quote"], statement["evidence"])

    def check(self, section: str, statement: Mapping[str, Any]) -> str:
        """Return why a statement is not supported; empty when it is."""
        found = self.find(statement)
        if found is None:
            return self._explain_missing_quote(statement)
        said, cited = statement["statement"], statement["evidence"]
        if section == "hypotheses_rejected":
            return "; ".join(self._claims.check_hypothesis(said, cited))
        if section == "inferred":
            return "; ".join(self._claims.check_inference(said, found, cited, statement.get("reasoning") or ""))
        return "" if section == "not_determined" else "; ".join(self._claims.check_statement(said, found, cited))

    def check_fact(self, fact: Mapping[str, Any], among: Sequence[Mapping[str, Any]] = ()) -> str:
        """Return why a fact is not supported; empty when it is, or when its value is unknown.

        A fact may say how many values another one has, when both rest on the same evidence.
        """
        if not fact["values"]:
            return ""
        if not fact["evidence"] and self._claims.are_of_unsent(fact["values"], self._unsent_now):
            return ""
        if problem := self._explain_missing_evidence(fact["evidence"]):
            return problem
        beside = (other for other in among if {*fact["evidence"]} & {*other["evidence"]})
        sizes = {len(other["values"]) for other in beside if len(other["values"]) > 1}
        return "; ".join(self._claims.check_fact(fact["name"], fact["values"], fact["evidence"], sizes))

    def check_answer(self, report: Mapping[str, Any]) -> list[dict[str, str]]:
        """Return the sentences of the answer that lack support, each with the reason, or the whole answer as one."""
        rows = [row for section in SECTIONS for row in report[section]]
        found = [place for row in rows if row["quote"] and (place := self.find(row)) is not None]
        cited = [name for row in (*rows, *report["unverified"]) for name in row["evidence"]]
        decided, instructions = self._decided, self._instructions
        marked = self._claims.check_answer(report["answer"], found, cited, self._told, decided, instructions)
        said = [{"statement": sentence, "problem": "; ".join(problems)} for sentence, problems in marked]
        rests_on = [*cited, *cited_in(report["answer"]), *self._written]
        needs_none = report["verdict"] == "answered" and bool(self._unsent_now)
        if report["verdict"] != "inconclusive" and not needs_none and not self._sources.keys() & rests_on:
            problems = dict.fromkeys((_CITES_NOTHING, *(row["problem"] for row in said)))
            return [{"statement": report["answer"], "problem": "; ".join(problems)}]
        return said

    def _explain_missing_quote(self, statement: Mapping[str, Any]) -> str:
        quote, cited = statement["quote"], statement["evidence"]
        if problem := self._explain_missing_evidence(cited):
            return problem
        if not quote.strip():
            return "it quotes nothing"
        where = ", ".join(cited)
        if not any(self._sources[name].text for name in cited):
            return f"the text of {where} is not stored any more, so the quote cannot be checked"
        if len(quote.strip()) < SHORTEST:
            return f"the quote is no whole line or cell of {where}; quote more of it"
        return f"the quote is not in {where}"

    def _explain_missing_evidence(self, cited: Sequence[str]) -> str:
        if not cited:
            return "it cites no evidence"
        missing = [name for name in cited if name not in self._sources]
        return f"there is no evidence {', '.join(missing)}" if missing else ""
