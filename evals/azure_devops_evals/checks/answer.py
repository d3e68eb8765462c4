"""Checks of what a report says: its verdict, its answer, and the gaps that it names."""

import json
import re
from collections.abc import Collection
from dataclasses import replace
from typing import Literal

from azure_devops_agents.reports.report import SECTIONS, WRITE_REPORT
from azure_devops_agents.reports.words.denials import undenied
from azure_devops_evals.case import Check, Expects, Outcome
from azure_devops_evals.checks.phrases import claims, mentions, states

_CLAIMING = ("observed", "inferred")
_OPENS = re.compile(
    r"\W*(?:(?:the )?(?:short )?answer(?: is)?\W+|in short\W+)?"
    r"(?:(?P<yes>yes|yeah|yep|correct|indeed|certainly|definitely|true|right|ja|oui|s\u00ed)|"
    r"(?P<no>no|nope|not at all|never|by no means|false|incorrect|wrong|nein|non))"
    r"(?=[*_]*\s*(?:[,.:;!\u2013\u2014(-]|$))",
    re.IGNORECASE,
)
_DECIDED = ("incident", "ready", "at_risk", "not_ready")
STOPPED = "Stopped by a person."
"""The answer of a report that code writes when a person stops the run."""


def verdict(expected: str) -> Check:
    """Check that the report has this verdict.

    Another solution may have one that does not contradict it: a person may call any question answered, also why a build
    failed, and may see an incident or a delivery where another one sees a question that has an answer. Where nothing
    was decided, only "inconclusive" is right; a report with some of the facts may be an answer or an incident, too.
    """
    half = {"incident", "answered"} if expected == "inconclusive" else set()
    alike = {expected, *(_DECIDED if expected == "answered" else ()), *({"answered"} - half)}
    other = _having_verdict(f"the verdict does not contradict {expected!r}", alike, half)
    return replace(_having_verdict(f"the verdict is {expected!r}", {expected}), otherwise=other)


def _having_verdict(name: str, verdicts: Collection[str], if_facts_are_known: Collection[str] = ()) -> Check:
    def failure(outcome: Outcome) -> str | None:
        found = outcome.report["verdict"]
        known = any(fact["values"] for fact in outcome.report.get("facts") or ())
        return None if found in verdicts or (known and found in if_facts_are_known) else f"the verdict is {found!r}"

    return Check(name, failure, about="verdict", needs="report")


def stated() -> Check:
    """Check that the answer states something, and does not deny all that it says."""

    def failure(outcome: Outcome) -> str | None:
        answer = str(outcome.report["answer"])
        return None if undenied(answer).strip() or not answer.strip() else "the answer denies all that it says"

    return Check("the answer states something", failure, about="answer")


def says(*phrases: str) -> Check:
    """Check that the answer states each phrase: the names and numbers of a right answer.

    A phrase counts as whole words in any letter case, outside of what the answer denies. "It was not merged" does not
    say "merged". In a phrase, `(a|b)` stands for either word, and ` .. ` for other words of the same clause.
    """
    return _saying(phrases, "answer")


def worded(*phrases: str) -> Check:
    """Check the answer for the wording of the reference solution, which a model may word differently."""
    return _saying(phrases, "wording")


def _saying(phrases: tuple[str, ...], about: Expects) -> Check:
    def failure(outcome: Outcome) -> str | None:
        answer = str(outcome.report["answer"])
        missing = [phrase for phrase in phrases if not states(answer, phrase)]
        return f"the answer does not say {missing}" if missing else None

    return Check(f"the answer says {list(phrases)}", failure, phrases, about)


def not_says(*phrases: str) -> Check:
    """Check that the report claims none of the known wrong alternatives, such as "is a live key" of a placeholder.

    The answer, what was observed and what was inferred count. A denial claims nothing: "it is not a live key" passes.
    Rejected hypotheses and open questions may name the alternatives. The phrases are written as those of `says`.
    """

    def failure(outcome: Outcome) -> str | None:
        rows = [row for section in _CLAIMING for row in outcome.report[section]]
        told = [str(row.get(part) or "") for row in rows for part in ("statement", "reasoning")]
        texts = [str(outcome.report["answer"]), *told]
        found = [phrase for phrase in phrases if any(claims(text, phrase) for text in texts)]
        return f"the report claims {found}" if found else None

    return Check(f"the report does not claim {list(phrases)}", failure, about="answer")


def opens(word: Literal["Yes", "No"]) -> Check:
    """Check that an answer that begins with yes or no begins with this word. An answer may begin otherwise."""

    def failure(outcome: Outcome) -> str | None:
        told = _OPENS.match(str(outcome.report["answer"]))
        if told is None or bool(told["yes"]) == (word == "Yes"):
            return None
        return f"the answer begins with {told['yes'] or told['no']!r}"

    return Check(f"the answer does not begin with the contrary of {word!r}", failure, about="answer")


def silent(*phrases: str) -> Check:
    """Check that neither the answer nor a statement contains a phrase."""

    def failure(outcome: Outcome) -> str | None:
        rows = [row for section in (*SECTIONS, "unverified") for row in outcome.report[section]]
        told = [row.get(part, "") for row in rows for part in ("statement", "quote", "reasoning")]
        text = "\n".join([str(outcome.report["answer"]), *map(str, told)]).lower()
        found = [phrase for phrase in phrases if phrase.lower() in text]
        return f"the report says {found}" if found else None

    return Check(f"the report does not say {list(phrases)}", failure, about="answer")


def asks(*phrases: str) -> Check:
    """Check that the model asked the person a question with these phrases before it reported."""

    def failure(outcome: Outcome) -> str | None:
        if not outcome.questions:
            return "the person was asked nothing"
        missing = [phrase for phrase in phrases if not any(mentions(text, phrase) for text in outcome.questions)]
        return f"no question says {missing}" if missing else None

    return Check(f"a question to the person says {list(phrases)}", failure, phrases, about="answer")


def second_look(result: str, *phrases: str) -> Check:
    """Check that the report tells the result of a second look, such as "disagrees", and says these phrases of it."""

    def failure(outcome: Outcome) -> str | None:
        looked = outcome.report.get("second_look") or {}
        if looked.get("result") != result:
            return f"the second look {looked.get('result') or 'was not taken'}"
        told = json.dumps(looked, ensure_ascii=False)
        missing = [phrase for phrase in phrases if phrase not in told]
        return f"the second look does not say {missing}" if missing else None

    return Check(f"a second look {result}: {list(phrases)}", failure, about="wording", needs="report")


def reported() -> Check:
    """Check that the model wrote a report with an answer.

    A report that code wrote instead counts only where the approver stopped the run, or where the investigation ended
    early and the report names its limits.
    """

    def failure(outcome: Outcome) -> str | None:
        if not str(outcome.report["answer"]).strip():
            return "the answer is empty"
        written = any(call.tool == WRITE_REPORT for call in outcome.calls)
        ended = outcome.report["answer"] == STOPPED or "limits" in outcome.report["coverage"]
        return None if written or ended else "no report was written"

    return Check("a report is written", failure, needs="report")


def stopped() -> Check:
    """Check that the report says that a person stopped the run; code writes that, not the model."""

    def failure(outcome: Outcome) -> str | None:
        return None if outcome.report["answer"] == STOPPED else "the report does not say that a person stopped the run"

    return Check("the report says that a person stopped the run", failure, about="answer", needs="report")


def uncovered(status: str) -> Check:
    """Check that the report's coverage names a gap of this kind."""

    def failure(outcome: Outcome) -> str | None:
        found = sorted(outcome.report["coverage"])
        return None if status in found else f"coverage names only {found}"

    return Check(f"coverage names {status!r}", failure, about="coverage", needs="report")


def complete() -> Check:
    """Check that the report's coverage names no gap, because the run overcame every obstacle.

    That a statement is marked is no gap of what was read; the gates look at it.
    """

    def failure(outcome: Outcome) -> str | None:
        found = sorted(set(outcome.report["coverage"]) - {"written", "not_repaired"})
        return f"coverage names {found}" if found else None

    return Check("coverage names no gap", failure, about="coverage", needs="report")
