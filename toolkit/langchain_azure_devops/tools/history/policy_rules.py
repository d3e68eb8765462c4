"""What a policy of a branch asks for, in words."""

import json
from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

MINIMUM_REVIEWERS = "fa4e907d-c16b-4a4c-9dfa-4906e5d171dd"
REQUIRED_REVIEWERS = "fd2167ab-b0be-447a-8ec8-39368250530e"
COMMENTS = "c6a1889d-b943-4856-b76f-9e46bb6b0df2"
BUILD = "0609b952-1397-4640-95ec-e00a01b2c241"
STATUS = "cbdc66da-9728-4af8-aada-9a5a32e4a226"
WORK_ITEMS = "40e92b44-2fe1-4dd6-b3d8-74a9c21d0c6e"
MERGE_STRATEGY = "fa4e907d-c16b-4a4c-9dfa-4916e5d171ab"
FILE_SIZE = "2e26e725-8201-4edd-8bf5-978563c34a80"
_LONGEST = 200
_VOTES = {
    "allowDownvotes": "rejections do not block",
    "resetOnSourcePush": "a new push takes all votes back",
    "resetRejectionsOnSourcePush": "a new push takes rejections back",
    "blockLastPusherVote": "the vote of who pushed last does not count",
    "requireVoteOnLastIteration": "somebody approves the last push",
    "requireVoteOnEachIteration": "somebody approves each push",
}
_STRATEGIES = {
    "allowNoFastForward": "merge commit",
    "allowSquash": "squash",
    "allowRebase": "rebase",
    "allowRebaseMerge": "rebase with merge commit",
}


class Settings:
    """The settings of a policy, whose values clients write in several ways.

    Args:
        values: As the service has them.
        names: The names of people by their ids, and of builds by theirs, as far as they are known.
    """

    def __init__(self, values: Mapping[str, JsonValue], names: Mapping[str, str]) -> None:
        self.values = values
        self._names = names

    def is_on(self, name: str) -> bool:
        """Return whether a setting is on. Clients write it as true or as a text."""
        return str(self.values.get(name)).lower() == "true"

    def number(self, name: str) -> int:
        """Return a number; 0 when there is none."""
        value = self.values.get(name)
        return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0

    def text(self, name: str) -> str:
        """Return a text; empty when there is none."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def words(self, name: str) -> list[str]:
        """Return the texts of a list."""
        value = self.values.get(name)
        return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []

    def name(self, id: str) -> str:
        """Return the name of a person or build, or the id where it is not known."""
        return self._names.get(id.lower(), id)


def describe_rule(kind: str, settings: Settings) -> str:
    """Return what a policy of a type asks for."""
    describe = _RULES.get(kind.lower(), _describe_others)
    paths = settings.words("filenamePatterns")
    parts = [*describe(settings)]
    if paths:
        parts.append(f"only for changes of {', '.join(paths)}")
    if message := settings.text("message"):
        parts.append(f"message: {message}")
    return "; ".join(parts)


def describe_scopes(values: Mapping[str, JsonValue]) -> str:
    """Return for which branches of which repositories a policy holds."""
    return ", ".join(dict.fromkeys(map(_describe_scope, list_scopes(values))))


def list_scopes(values: Mapping[str, JsonValue]) -> Sequence[Mapping[str, JsonValue]]:
    """Return the scopes of a policy."""
    scopes = values.get("scope")
    return [scope for scope in scopes if isinstance(scope, dict)] if isinstance(scopes, list) else []


def is_for_branches(values: Mapping[str, JsonValue]) -> bool:
    """Return whether a policy holds for branches, which only pull requests can change then."""
    scopes = list_scopes(values)
    return any(scope.get("refName") or str(scope.get("matchKind")).lower() == "defaultbranch" for scope in scopes)


def is_inherited(values: Mapping[str, JsonValue], repository_id: str) -> bool:
    """Return whether a policy is set for more than one repository."""
    scopes = list_scopes(values)
    return not any(str(scope.get("repositoryId") or "").lower() == repository_id.lower() for scope in scopes)


def _describe_scope(scope: Mapping[str, JsonValue]) -> str:
    name, kind = str(scope.get("refName") or ""), str(scope.get("matchKind") or "").lower()
    branch = name.removeprefix("refs/heads/")
    where = "" if scope.get("repositoryId") else " of every repository"
    if kind == "defaultbranch":
        return f"the default branch{where}"
    if not name:
        return f"all branches{where}"
    return f"{f'branches below {branch}' if kind == 'prefix' else branch}{where}"


def _describe_minimum(settings: Settings) -> list[str]:
    count = max(settings.number("minimumApproverCount"), 1)
    counts = "counts" if settings.is_on("creatorVoteCounts") else "does not count"
    return [
        f"at least {count} {'reviewer' if count == 1 else 'reviewers'} approve{'s' if count == 1 else ''}",
        f"the author's vote {counts}",
        *(words for name, words in _VOTES.items() if settings.is_on(name)),
    ]


def _describe_required(settings: Settings) -> list[str]:
    names = [settings.name(each) for each in settings.words("requiredReviewerIds")]
    count = settings.number("minimumApproverCount")
    who = ", ".join(names) or "nobody"
    several = f"at least {count} of {who}" if count and len(names) > 1 else who
    counts = ["the author's vote counts"] if settings.is_on("creatorVoteCounts") else []
    added = ["only for added files"] if settings.is_on("addedFilesOnly") else []
    return [f"approval of {several}", *counts, *added]


def _describe_build(settings: Settings) -> list[str]:
    number = settings.number("buildDefinitionId")
    name = settings.name(f"build {number}")
    called = f"{name} ({number})" if name != f"build {number}" else f"pipeline {number}"
    minutes = settings.number("validDuration")
    parts = [f"a build of {called} succeeds"]
    if shown := settings.text("displayName"):
        parts.append(f"shown as {shown}")
    if settings.is_on("manualQueueOnly"):
        parts.append("somebody has to queue it")
    if minutes:
        parts.append(f"it is valid for {minutes / 60:g} hours after the branch moved")
    elif not settings.is_on("queueOnSourceUpdateOnly"):
        parts.append("it expires when the branch moves")
    return parts


def _describe_status(settings: Settings) -> list[str]:
    name = "/".join(filter(None, (settings.text("statusGenre"), settings.text("statusName"))))
    author = settings.text("authorId")
    by = [f"posted by {settings.name(author)}"] if author else []
    again = ["again after each push"] if settings.is_on("invalidateOnSourceUpdate") else []
    return [f"the status {name} succeeds", *by, *again]


def _describe_strategies(settings: Settings) -> list[str]:
    allowed = [words for name, words in _STRATEGIES.items() if settings.is_on(name)]
    if settings.is_on("useSquashMerge") and "squash" not in allowed:
        allowed.append("squash")
    return [f"merged by {' or '.join(allowed)}" if allowed else "no merge strategy is allowed"]


def _describe_size(settings: Settings) -> list[str]:
    counted = "uncompressed" if settings.is_on("useUncompressedSize") else "compressed"
    return [f"no file of more than {settings.number('MaximumGitBlobSizeInBytes'):,} bytes, {counted}"]


def _describe_others(settings: Settings) -> list[str]:
    others = {name: value for name, value in settings.values.items() if name != "scope" and value not in (None, "", [])}
    text = ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in others.items())
    return [text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"] if text else []


_RULES: Mapping[str, Callable[[Settings], list[str]]] = {
    MINIMUM_REVIEWERS: _describe_minimum,
    REQUIRED_REVIEWERS: _describe_required,
    COMMENTS: lambda _: ["all comments are resolved"],
    BUILD: _describe_build,
    STATUS: _describe_status,
    WORK_ITEMS: lambda _: ["a work item is linked"],
    MERGE_STRATEGY: _describe_strategies,
    FILE_SIZE: _describe_size,
}
