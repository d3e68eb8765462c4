"""Enumerations that a request may give by number or by name, as official clients do. Answers always give names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from azure_devops_simulator.state.values import JsonValue

Enumeration: TypeAlias = Mapping[int, str]

VERSION_TYPE: Enumeration = {0: "branch", 1: "tag", 2: "commit"}
VERSION_OPTIONS: Enumeration = {0: "none", 1: "previousChange", 2: "firstParent"}
RECURSION: Enumeration = {0: "none", 1: "oneLevel", 4: "oneLevelPlusNestedEmptyFolders", 120: "full"}
PULL_REQUEST_STATUS: Enumeration = {0: "notSet", 1: "active", 2: "abandoned", 3: "completed", 4: "all"}
MERGE_STRATEGY: Enumeration = {1: "noFastForward", 2: "squash", 3: "rebase", 4: "rebaseMerge"}
GIT_STATUS: Enumeration = {0: "notSet", 1: "pending", 2: "succeeded", 3: "failed", 4: "error", 5: "notApplicable"}
BUILD_STATUS: Enumeration = {
    0: "none",
    1: "inProgress",
    2: "completed",
    4: "cancelling",
    8: "postponed",
    32: "notStarted",
    47: "all",
}
BUILD_RESULT: Enumeration = {0: "none", 2: "succeeded", 4: "partiallySucceeded", 8: "failed", 32: "canceled"}
BUILD_REASON: Enumeration = {
    0: "none",
    1: "manual",
    2: "individualCI",
    4: "batchedCI",
    8: "schedule",
    16: "scheduleForced",
    32: "userCreated",
    64: "validateShelveset",
    128: "checkInShelveset",
    256: "pullRequest",
    512: "buildCompletion",
    1024: "resourceTrigger",
    2031: "all",
}
STAGE_UPDATE: Enumeration = {0: "cancel", 1: "retry", 2: "run"}

_FLAGS = (BUILD_STATUS, BUILD_RESULT, BUILD_REASON)
"""Enumerations of flags, whose numbers add up: 3 is `inProgress,completed`."""

IN_QUERY: Mapping[str, Enumeration] = {
    "versiontype": VERSION_TYPE,
    "baseversiontype": VERSION_TYPE,
    "targetversiontype": VERSION_TYPE,
    "versionoptions": VERSION_OPTIONS,
    "baseversionoptions": VERSION_OPTIONS,
    "targetversionoptions": VERSION_OPTIONS,
    "recursionlevel": RECURSION,
    "searchcriteria.status": PULL_REQUEST_STATUS,
    "searchcriteria.historymode": {
        0: "simplifiedHistory",
        1: "firstParent",
        2: "fullHistory",
        3: "fullHistorySimplifyMerges",
    },
    "statefilter": {-1: "all", 0: "new", 1: "wellFormed", 2: "deleting", 3: "createPending", 4: "deleted"},
    "statusfilter": BUILD_STATUS,
    "resultfilter": BUILD_RESULT,
    "reasonfilter": BUILD_REASON,
    "deletedfilter": {0: "excludeDeleted", 1: "includeDeleted", 2: "onlyDeleted"},
    "queryorder": {
        2: "finishTimeAscending",
        3: "finishTimeDescending",
        4: "queueTimeDescending",
        5: "queueTimeAscending",
        6: "startTimeDescending",
        7: "startTimeAscending",
    },
    "errorpolicy": {1: "fail", 2: "omit"},
}
"""The query parameters that hold one, by their whole name or its last part, in lower case."""


def by_name(value: JsonValue, enumeration: Enumeration) -> str:
    """Return the name for a number or a string of digits. A name is returned as it is, anything else as ""."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    text = str(value)
    if not re.fullmatch(r"-?\d{1,10}", text):
        return text
    number = int(text)
    if number in enumeration or enumeration not in _FLAGS:
        return enumeration.get(number, text)
    return ",".join(name for bit, name in enumeration.items() if bit.bit_count() == 1 and bit & number) or text


def in_query(name: str, value: str) -> str:
    """Replace a number in a query parameter by its name. `name` is in lower case."""
    enumeration = IN_QUERY.get(name) or IN_QUERY.get(name.rsplit(".", 1)[-1])
    return by_name(value, enumeration) if enumeration else value
