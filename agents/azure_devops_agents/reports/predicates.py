"""Compare words that name a field or a total with what it holds: "assigned to", "merged on", "severity", "2 failed"."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from azure_devops_agents.reports.facts import Fact
from azure_devops_agents.reports.knowledge import SECONDS, Knowledge, Support, fold, results_of
from azure_devops_agents.reports.units import Unit
from azure_devops_agents.reports.words.counts import NUMBER_WORDS
from azure_devops_agents.reports.words.results import RESULT, is_denied

_PEOPLE: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("assigned to", "owned by", "belongs to"), ("assigned_to",)),
    **dict.fromkeys(("created by", "opened by", "reported by", "authored by"), ("author", "created_by")),
    **dict.fromkeys(("closed by", "merged by", "completed by"), ("closed_by",)),
    **dict.fromkeys(("requested by", "requested for", "queued by", "started by", "triggered by"), ("requested_for",)),
}
"""The fields that name the person after a verb."""
_PERSON = re.compile(rf"\b(?P<verb>{'|'.join(_PEOPLE)}) (?P<value>[A-Z][\w'-]+(?: [A-Z][\w'-]+)+)")
_DATED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("merged", "completed", "closed", "abandoned"), ("closed", "finished")),
    **dict.fromkeys(("opened", "created", "filed", "open", "reported"), ("created",)),
    **dict.fromkeys(("finished", "ended"), ("finished",)),
    **dict.fromkeys(("started", "began"), ("started",)),
    "queued": ("queued",),
}
"""The fields that hold the date of what a verb says."""
_VERB_OF_DATE = re.compile(rf"\b({'|'.join(_DATED)})(?: (?:on|since|at|by \w+ \w+ on|in))? $", re.IGNORECASE)
_EARLIER = re.compile(r"\b(?:before|until|first|originally|previously|earlier|once|then|formerly)\b", re.IGNORECASE)
_CHANGED = ("by", "changed_by", "modified_by")
"""The fields that name who changed something last."""
_CHANGE, _WHO = r"(?:changed|modified|edited|updated)", r"[A-Z][\w'-]+(?: [A-Z][\w'-]+)+"
_CHANGER = re.compile(
    rf"(?P<value>{_WHO})(?: (?:has|had))?(?: then| also| last)? {_CHANGE}\b|\b{_CHANGE} by (?P<after>{_WHO})"
)
_LEVEL = re.compile(
    r"\b(?P<field>severity|priority)(?: is| of| was|:)? (?P<value>\d(?!\w|\.\d)|critical|high|medium|low)\b"
    r"|\b(?P<before>critical|high|medium|low)[ -](?P<after>severity|priority)\b",
    re.IGNORECASE,
)
_TALLY = r"(?P<what>failed|failures?|passed|skipped|errors?|had an error|warnings?)\b"
_TOLD = re.compile(rf"(?<![\w.,-])(?P<number>\d{{1,6}}) {_TALLY}")
_SENT = re.compile(r'"name": "(?P<name>[\w.]{1,200})", "value": "?(?P<value>[^"}]{1,200})')
_NUMBERS: Mapping[str, int] = {"one": 1, **NUMBER_WORDS}
_CLAIMED = re.compile(
    rf"(?<![\w.,-])(?P<number>\d{{1,6}}|{'|'.join(_NUMBERS)}) (?:of \d{{1,6}} )?(?:unit )?"
    rf"(?P<noun>tests? |cases? |checks? )?{_TALLY}",
    re.IGNORECASE,
)


def compare_named_fields(clause: str, owners: Sequence[Unit]) -> Iterator[str]:
    """Yield the fields of the records that a clause is about, where it gives them another person or level."""
    for found in _PERSON.finditer(clause):
        if not _EARLIER.search(clause):
            yield from _contradict(clause[: found.start()], _PEOPLE[found["verb"]], found["value"], owners)
    for found in _LEVEL.finditer(clause):
        field = (found["field"] or found["after"]).lower()
        yield from _contradict(clause[: found.start()], (field,), found["value"] or found["before"], owners)


def compare_changers(clause: str, units: Iterable[Unit]) -> Iterator[str]:
    """Yield who changed the things that a clause names by their names, where it says that another person did."""
    for found in () if _EARLIER.search(clause) else _CHANGER.finditer(clause):
        rows = [
            unit for unit in units
            if unit.fields.get("name") and re.search(rf"(?<![\w./-]){re.escape(unit.fields['name'])}(?![\w/-])", clause)
        ]  # fmt: skip
        yield from _contradict(clause[: found.start()], _CHANGED, found["value"] or found["after"], rows)


def compare_good(clause: str, knowledge: Knowledge) -> Iterator[str]:
    """Yield that a build is not good, where a clause calls it so, or that another one is the `good_build`."""
    for found in () if _NONE_GOOD.search(clause) else _GOOD.finditer(clause):
        said = found["after"] or found["before"]
        owners = knowledge.owners(Fact("id", said, said, "build"))
        ended = {value for unit in owners for value in results_of(unit.fields.get("result", ""))["outcome"]}
        told = {unit.fields["good_build"] for unit in knowledge.everything.units if unit.fields.get("good_build")}
        if ended and "succeeded" not in ended:
            yield f"build {said} is {', '.join(sorted(ended))}"
        elif told and said not in told and not owners:
            yield f"good_build is {', '.join(sorted(told))}, not {said}"


_GOOD = re.compile(
    r"\bgood (?:one|build|run)(?: (?:before|until) (?:it|that|this|then|(?:build )?#?\d{1,9}))?(?: (?:is|was))?"
    r" (?:build |run )?#?(?P<after>\d{1,9})\b(?![.:]\d)"
    r"|\b(?P<before>\d{1,9}) (?:is|was) the (?:\w+ )?good (?:one|build|run)\b",
    re.IGNORECASE,
)
_NONE_GOOD = re.compile(r"\b(?:not|never|n't|no longer|none|neither)\b", re.IGNORECASE)


def _contradict(before: str, fields: Sequence[str], said: str, owners: Sequence[Unit]) -> Iterator[str]:
    known = [(name, unit.fields[name]) for unit in owners for name in fields if unit.fields.get(name)]
    sent = [(name, value) for unit in owners for name in fields for value in _list_sent(unit, name)]
    known += sent if known else []
    pattern = re.compile(rf"(?<!\w){re.escape(fold(said).removesuffix(chr(39) + 's'))}(?!\w)")
    if known and not is_denied(before) and not any(pattern.search(fold(value)) for _, value in known):
        yield f"{known[0][0]} is {known[0][1]}, not {said}"


def _list_sent(unit: Unit, name: str) -> Iterator[str]:
    """Yield the values that a write sent for a field by its full name, such as Microsoft.VSTS.Common.Priority."""
    for found in _SENT.finditer(unit.fields.get("fields", "")):
        if found["name"].rsplit(".", 1)[-1].lower() == name.replace("_", ""):
            yield found["value"]


def compare_date(fact: Fact, sentence: str, owners: Iterable[Unit]) -> str:
    """Return what a record says of the date that a verb before it names, such as "merged on"; empty when it agrees."""
    verb = _VERB_OF_DATE.search(sentence[: fact.place[0]])
    wanted = _DATED[verb[1].lower()] if verb else ()
    known = [(name, unit.fields[name]) for unit in owners for name in wanted if unit.fields.get(name)]
    if not known or any(Support([Unit("", value)]).has(fact) for _, value in known):
        return ""
    return f"{known[0][0]} is {known[0][1]}, not {fact.text}"


def compare_tallies(sentence: str, quoted: Sequence[Unit]) -> Iterator[str]:
    """Yield the totals of a quoted line, such as "1 failed, 2 passed", of which a sentence has another one."""
    known: dict[str, set[int]] = defaultdict(set)
    for unit in quoted:
        totals = list(_TOLD.finditer(unit.text))
        for total in totals if len(totals) > 1 and not unit.fields else ():
            known[_kind(total["what"])].add(int(total["number"]))
    for claim in _CLAIMED.finditer(sentence) if known else ():
        number = _read_number(claim["number"])
        counts = claim["noun"] or not sentence[: claim.start()].rstrip().lower().endswith(_IDENTIFIED)
        told = known.get(_kind(claim["what"]))
        if told and counts and number not in told:
            yield f"the quote says {', '.join(map(str, sorted(told)))} {_kind(claim['what'])}, not {claim['number']}"


def sum_tallies(quoted: Sequence[Unit]) -> set[int]:
    """Return how many tests the totals of each quoted line tell together; a warning is no test."""
    sums = set()
    for unit in quoted:
        totals = list(_TOLD.finditer(unit.text)) if not unit.fields else []
        if len(totals) > 1:
            sums.add(sum(int(total["number"]) for total in totals if _kind(total["what"]) != "warning"))
    return sums


def tells_time_between(fact: Fact, sentence: str) -> bool:
    """Return whether a number is the time between two things, such as "two minutes later"."""
    between = bool(_BETWEEN.match(sentence[fact.place[1] :]))
    return fact.kind == "number" and fact.noun.rstrip("s") in SECONDS and between


def lies_between(fact: Fact, near: Support, whole: Support) -> bool:
    """Return whether the time lies between a moment that is quoted and another one."""
    seconds = float(fact.value) * SECONDS[fact.noun.rstrip("s")]
    first = [moment.exact for moment in near.moments if moment.exact]
    second = [moment.exact for moment in whole.moments if moment.exact]
    return any(
        abs(abs((one - other).total_seconds()) - seconds) <= SECONDS[fact.noun.rstrip("s")] / 2
        for one in first[:_MOST_MOMENTS]
        for other in second[:_MOST_MOMENTS]
    )


_BETWEEN = re.compile(r" ?(?:seconds?|minutes?|hours?|days?|weeks?) (?:later|earlier|after|before|afterwards)\b")
_MOST_MOMENTS = 200


def compare_removal(sentence: str, quoted: Sequence[Unit]) -> Iterator[str]:
    """Yield what a statement says is removed from a file although the quoted lines of the file have it."""
    found = _REMOVED.match(sentence)
    lines = [unit for unit in quoted if unit.part == "content"]
    if not found or len(lines) != len(quoted) or any(_TELLS_REMOVAL.search(unit.text) for unit in lines):
        return
    thing = found["thing"].strip("`'\"").casefold()
    if any(thing in unit.text.casefold() for unit in lines):
        yield f"the quoted lines still have {found['thing']}"


_REMOVED = re.compile(
    r"(?:The |An? )?(?P<thing>[`'\"]?[\w.-]{3,60}[`'\"]?)(?: (?:in|of|from|on|at) (?:[^,;.|]|\.(?=\w))*?\S)?"
    r" (?:is|are|has been|have been) (?:now |already |completely )*(?:removed|deleted|gone|taken out|no longer there)"
    r"\b",
    re.IGNORECASE,
)
_TELLS_REMOVAL = re.compile(r"\b(?:remov|delet|gone)", re.IGNORECASE)


def is_left_out(fact: Fact, sentence: str) -> bool:
    """Return whether a sentence says that something lacks a name or a text, such as "neither A nor B is among them"."""
    return fact.kind in {"name", "literal"} and bool(_LEFT_OUT.search(sentence[: fact.place[0]]))


_LEFT_OUT = re.compile(
    r"\b(?:neither|nor|does not|do not|did not|doesn't|don't|didn't|lacks?|without|not|"
    r"rather than|instead of)"
    r"(?: (?:list|have|name|contain|mention|include|touch|change|set|define|know|edit))?(?: the| a| any)? [\"'`]?$",
    re.IGNORECASE,
)
_IDENTIFIED = ("build", "builds", "run", "runs", "bug", "task", "and", "or", ",", "#", "item", "request", "pr", "line")
"""The words before a number that is an id and counts nothing."""


def _read_number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS[text.lower()]


def _kind(what: str) -> str:
    word = what.lower().removeprefix("had an ").removesuffix("s")
    return {"failure": "failed", "pas": "passed"}.get(word, word)


def find_bracketed(sentence: str, facts: Iterable[Fact], fact: Fact) -> tuple[Fact, range] | None:
    """Return the id directly before the brackets in which a fact stands, and their place; such as "17 (active)"."""
    begin, end = sentence.rfind("(", 0, fact.place[0]), sentence.find(")", fact.place[1])
    if not begin >= 0 <= end or {"(", ")"} & {*sentence[begin + 1 : end]}:
        return None
    before = [other for other in facts if other.value.isdigit() and other.place[1] <= begin]
    near = [other for other in before if not re.search(r"\w", sentence[other.place[1] : begin])]
    return (near[0], range(begin, end)) if near else None


def find_told_of(sentence: str, facts: Iterable[Fact], result: Fact) -> Fact | None:
    """Return the only build directly behind a result, such as 24 and 36 in "it passed in build 24 and failed in 36"."""
    behind = [fact for fact in facts if fact.kind in {"id", "number"} and fact.place[0] >= result.place[1]]
    found = min(behind, key=lambda fact: fact.place[0], default=None)
    if found is None or found.noun not in {"", "build"} or not found.value.isdigit():
        return None
    told = _TOLD_OF.fullmatch(sentence[result.place[1] : found.place[0]])
    return replace(found, kind="id", noun="build") if told and not _MORE.match(sentence, found.place[1]) else None


_TOLD_OF = re.compile(r" in (?:the )?(?:build |run )?#?", re.IGNORECASE)
_MORE = re.compile(r"(?:,? (?:and|or|to) |, ?|-)(?:builds? |runs? )?#?\d|[.:]\d")


def find_counted(sentence: str, facts: Iterable[Fact], result: Fact) -> Fact | None:
    """Return the count of the things that a result is told of, such as in "of 38 four steps have succeeded"."""
    counts = [fact for fact in facts if fact.kind == "count" and fact.place[1] < result.place[0]]
    between = {fact: sentence[fact.place[1] : result.place[0]] for fact in counts}
    return next((fact for fact, words in between.items() if _COUNTED.fullmatch(words)), None)


_COUNTED = re.compile(r" (?:\w+ )?\w+s (?:has|have|had|is|are|was|were)?(?: (?:been|already|all))* ?", re.IGNORECASE)


def tells_of_token(fact: Fact, sentence: str) -> bool:
    """Return whether "rejected" tells of a token or a login, and is no vote."""
    said = _TOKEN.search(sentence[: fact.place[0]]) or _THE_TOKEN.match(sentence, fact.place[1])
    return fact.value == "rejected" and bool(said)


def refuses_token(texts: Iterable[str]) -> bool:
    """Return whether a text says that a token is not accepted."""
    return any(_NOT_ACCEPTED.search(text) for text in texts)


def is_voter(fact: Fact, result: Fact, sentence: str) -> bool:
    """Return whether a name is that of the person who decided, as in "Mina Sato approved it" and "rejected by her"."""
    between = sentence[fact.place[1] : result.place[0]] or sentence[result.place[1] : fact.place[0]]
    return fact.kind == "name" and between.strip() in {"", "has", "had", "by", "then", "also"}


def find_others(sentence: str) -> list[str]:
    """Return the people who did something else than vote, such as the first one in "read by A B, approved by C D"."""
    return [found["name"] for found in _DONE_BY.finditer(sentence) if not RESULT.fullmatch(found["verb"])]


_DONE_BY = re.compile(r"\b(?P<verb>(?!by\b)[a-z]+ed|read|written) by (?P<name>[A-Z][\w'-]+(?: [A-Z][\w'-]+)+)")


def tells_of_attempt(clause: str, units: Iterable[Unit]) -> bool:
    """Return whether a clause tells how a call ended, and the evidence is the answer to a call that failed."""
    return bool(_ATTEMPT.search(clause)) and any(unit.part == "head" and unit.text.startswith("[") for unit in units)


def tells_of_reading(clause: str) -> bool:
    """Return whether a clause is about a call that reads."""
    return _READING.search(clause) is not None


def tells_of_demand(clause: str) -> bool:
    """Return whether a clause tells what somebody wants, asks for or claims, and not what is so."""
    return _DEMAND.search(clause) is not None


_DEMAND = re.compile(
    r"\b(?:want(?:s|ed)?|ask(?:s|ed|ing)? (?:for|to|that|assistants|agents|AIs?)|tell(?:s|ing)?|told|"
    r"(?:order|demand|instruct|claim|pretend)(?:s|ed|ing)?|says?|said|to (?:be|have|get)|be|should|must|if|whether)\b"
)
_READING = re.compile(r"\b(?:listing|read(?:ing)?|search(?:es|ing)?|quer(?:y|ies|ying)|fetch(?:ing)?|look-?ups?)\b")
_ATTEMPT = re.compile(
    r"\b(?:attempts?|try|tries|tried|calls?|requests?|look(?:ed|ing|-?ups?)|read(?:ing|s)?|search(?:ing|es)?|"
    r"quer(?:y|ies|ying)|writ(?:e|es|ing)|updat(?:e|es|ing)|chang(?:e|es|ing)|edit(?:s|ing)?|comment(?:s|ing)?|"
    r"creat(?:ion|ing)|filing|post(?:ing)?|send(?:ing)?|sav(?:e|ing)|sign-?in|log-?in|link(?:ing)?|assign(?:ing|ment)|"
    r"closing|set(?:ting)?|fetch(?:ing)?|listing)\b(?![\w-]*\d)",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"\b(?:tokens?|credentials?|passwords?|logins?|sign-ins?) (?:is|was|has been|are|were|got) $", re.IGNORECASE
)
_THE_TOKEN = re.compile(r"(?: \w+){0,2} (?:tokens?|credentials?|passwords?|logins?|sign-ins?)\b", re.IGNORECASE)
_NOT_ACCEPTED = re.compile(
    r"\b(?:does not accept|not accepted|rejected|expired|revoked|invalid)\b[^.]{0,40}\btoken"
    r"|\btoken\b[^.]{0,40}\b(?:not accepted|rejected|expired|revoked|invalid)\b",
    re.IGNORECASE,
)


def is_setting(fact: Fact, sentence: str, unit: Unit) -> bool:
    """Return whether a line gives a number to a name of which the sentence says a word, such as "feather = 89.0"."""
    found = _SETTING.match(unit.text) if fact.kind == "number" and not unit.fields else None
    words = {*re.findall(r"[a-z]{4,}", found["name"].lower())} if found else set()
    return bool(found and found["value"] == fact.value and words & {*re.findall(r"[a-z]{4,}", sentence.lower())})


_SETTING = re.compile(
    r"\s*(?:\d+[:-] )?[\"']?(?P<name>[A-Za-z][\w. -]{0,60}?)[\"']?\s*[=:]\s*[\"']?(?P<value>\d+(?:\.\d+)*)\b"
)
_STATUS = re.compile(r"\b(?:an?|status|code|http|with|answered|returned)(?: (?:status|code))? $", re.IGNORECASE)


def is_status_code(fact: Fact, sentence: str) -> bool:
    """Return whether a number is the status of an answer, such as "every request got a 200"."""
    bare = fact.kind == "number" and not fact.noun and re.fullmatch(r"[1-5]\d\d", fact.value)
    return bool(bare and _STATUS.search(sentence[: fact.place[0]]))


def is_author(fact: Fact, extended: Support, named: Sequence[Fact]) -> bool:
    """Return whether fields, changes or a named comment tell of a person, not only reviewers and other comments."""
    parts, said = {"", "record", "call", "changes", "commits"}, {(other.noun, other.value) for other in named}
    return Support(
        unit
        for unit in extended.units
        if unit.part in parts
        or not unit.fields.keys().isdisjoint(("author", *_CHANGED))
        or said & {(kind, str(number)) for kind, number in unit.ids}
    ).has(fact)


def is_no_vote(fact: Fact, named: Sequence[Fact]) -> bool:
    """Return whether a word of a vote tells something else, such as "build 27 was rejected in validation"."""
    nouns = {other.noun for other in named if other.clause == fact.clause and other.kind == "id"}
    return fact.noun == "vote" and bool(nouns) and "pull request" not in nouns
