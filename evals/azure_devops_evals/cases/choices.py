"""The words among which a question lets an agent choose: each list once, for all cases that ask for such a fact."""

from azure_devops_evals.expected import Choice, one_of

__all__ = ["cause", "error", "failure", "obstacle", "result", "severity"]

_CAUSES = ("infrastructure", "code change", "flaky test", "configuration")
_ERRORS = ("missing variable", "slow database", "wrong value", "failed assertion")
_FAILURES = (
    "test", "build", "validation or policy", "infrastructure", "time-out", "cancelled", "permission", "dependency",
)  # fmt: skip
_RESULTS = ("succeeded", "partiallySucceeded", "failed", "canceled")
_SEVERITIES = ("1 - Critical", "2 - High", "3 - Medium", "4 - Low")
_OBSTACLES = (
    "missing scope", "missing permission", "no access to the organization", "rejected token", "throttling", "outage",
    "approver's no", "none",
)  # fmt: skip


def cause(right: str) -> Choice:
    """Return why something failed, among the causes of failed builds."""
    return _choose(right, _CAUSES)


def error(right: str) -> Choice:
    """Return what the tests stumbled over, which the name of a variable alone does not say."""
    return _choose(right, _ERRORS)


def failure(right: str) -> Choice:
    """Return what kind of failure ended a build."""
    return _choose(right, _FAILURES)


def result(right: str) -> Choice:
    """Return how a build ended, in the words of the service."""
    return _choose(right, _RESULTS)


def obstacle(right: str) -> Choice:
    """Return what stood in the way of an answer or a write."""
    return _choose(right, _OBSTACLES)


def severity(right: str) -> Choice:
    """Return the severity of a bug, in the words of the service."""
    return _choose(right, _SEVERITIES)


def _choose(right: str, words: tuple[str, ...]) -> Choice:
    return one_of(right, *(word for word in words if word != right))
