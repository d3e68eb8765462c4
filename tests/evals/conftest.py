"""Shared by the tests of the evals: each reference solution is played once in a run of the tests."""

import pickle
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from filelock import FileLock

from azure_devops_evals.case import Case, Outcome
from azure_devops_evals.cases import CASES
from azure_devops_evals.recording.format import Recording
from azure_devops_evals.running.play import open_environment, play
from azure_devops_evals.running.recorder import record
from azure_devops_evals.running.run import Result, expected_checks, judge_outcome


class Reference(NamedTuple):
    """The reference solution of a case, played as `azure-devops-evals run` plays it."""

    outcome: Outcome
    result: Result


def play_reference(case: Case) -> Reference:
    environment = open_environment(case)
    outcome = play(case, environment, case.steps)
    return Reference(outcome, judge_outcome(case, outcome, environment.misses, expected_checks(case)))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Do some work once in a session, also when pytest-xdist spreads the tests over several processes."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent  # the folder that all workers of a session share
    folder = folder / "references"
    folder.mkdir(exist_ok=True)

    @cache
    def done(work: Callable[[Case], Any], identifier: str) -> Any:
        stored: Path = folder / f"{work.__name__}-{identifier}"
        with FileLock(f"{stored}.lock"):
            if not stored.exists():
                case = next(case for case in CASES if case.id == identifier)
                stored.write_bytes(pickle.dumps(work(case)))
        return pickle.loads(stored.read_bytes())  # noqa: S301 - stored by this session

    return done


@pytest.fixture(scope="session")
def reference(once) -> Callable[[str], Reference]:
    """The outcome and the result of a case's reference solution, by the case's id."""
    return lambda identifier: once(play_reference, identifier)


@pytest.fixture(scope="session")
def recorded(once) -> Callable[[str], Recording]:
    """The recording that the simulator gives now, by the case's id; every solution of the case passed."""
    return lambda identifier: once(record, identifier)
