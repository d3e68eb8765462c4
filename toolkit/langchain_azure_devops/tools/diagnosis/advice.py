"""Advise by what else is known: a failure that follows from a change does not go away by running the build again."""

from collections.abc import Sequence

from langchain_azure_devops.tools.builds.timeline import Failure
from langchain_azure_devops.tools.diagnosis.attempts import count_attempts
from langchain_azure_devops.tools.diagnosis.models import RENEWED, Duration, PipelineChange
from langchain_azure_devops.tools.diagnosis.verdict import Verdict
from langchain_azure_devops.tools.tests_and_artifacts.models import FailedTest

_LASTING = frozenset({"infrastructure", "time-out"})
"""The kinds of failure that somebody has to look into when another attempt fails as well."""


def are_flaky(tests: Sequence[FailedTest], build: int) -> bool | None:
    """Return whether all failed tests are flaky; None when there is none.

    A test that fails since an earlier build without a pass in between fails for a reason, although it once passed on
    the same commit.
    """
    if not tests:
        return None
    return all(test.flaky and test.since_build in (None, build) for test in tests)


def advise(
    verdict: Verdict,
    changes: Sequence[PipelineChange],
    durations: Sequence[Duration],
    failed: Sequence[Failure],
    earlier: Sequence[Failure],
) -> Verdict:
    """Advise against running a build again that fails because of a change or a slow step, or that was run again.

    Args:
        verdict: What kind of failure it was.
        changes: What changed in the pipeline since the last good build.
        durations: The stages and steps that took much longer or shorter than in that one.
        failed: The failed steps.
        earlier: What failed in earlier attempts. Only of a step that fails again, another attempt is in vain.
    """
    if verdict.kind == "none" and earlier:
        first = earlier[0]
        passed = "it passed in a retry" if verdict.advice == "none" else "it was run again"
        return verdict._replace(rule=f"{verdict.rule}; {passed}: {first.name} failed in attempt {first.attempt}")
    if verdict.advice != "retry":
        return verdict
    changed = sorted({change.what for change in changes if change.what not in RENEWED})
    reasons = [f"look first at what changed since the last good build: {', '.join(changed)}"] if changed else []
    if verdict.kind == "time-out":
        slow = [each for each in durations if each.kind == "Task" and each.after > each.before]
        reasons += [f"{each.name} took {each.after:,} s, in the last good build {each.before:,} s" for each in slow[:2]]
    if reasons:
        return verdict._replace(rule="; ".join([verdict.rule, *reasons]), advice="fix")
    deciding = [each for each in failed if each.log == verdict.log] if verdict.log is not None else failed
    attempts = count_attempts(deciding, earlier)
    if attempts > 1 and verdict.kind in _LASTING:
        return verdict._replace(rule=f"{verdict.rule}; {attempts} attempts failed", advice="escalate")
    return verdict
