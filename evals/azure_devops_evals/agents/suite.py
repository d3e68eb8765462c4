"""Run cases with somebody's agent, each in a process of its own, and judge the outcomes."""

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection

from azure_devops_agents.investigation.turns.tool_choice import FIND_TOOLS
from azure_devops_agents.models.providers import open_model
from azure_devops_agents.models.scripted import Step
from azure_devops_evals.agents.loading import load_factory
from azure_devops_evals.agents.playing import play_agent
from azure_devops_evals.agents.reading import answered, applicable_checks, equipped, informed
from azure_devops_evals.agents.solution import SolutionModel
from azure_devops_evals.case import Case, Check
from azure_devops_evals.limits import GRACE, SECONDS
from azure_devops_evals.running.log_safety import make_safe
from azure_devops_evals.running.parallel import Done, processes, run_parallel
from azure_devops_evals.running.play import open_world
from azure_devops_evals.running.run import Result, expected_checks, judge_outcome
from azure_devops_evals.scoring.trials import checks_for_any_solution


def reference_solution(case: Case) -> list[Step]:
    """Return the solution of a case that an agent with other approvals and other refusals than ours can play.

    Such an agent has all tools from the first turn on, so it looks for none.
    """
    steps = case.steps if case.elsewhere is None else case.elsewhere
    kept = [[call for call in step if call.name != FIND_TOOLS] for step in steps]
    return [step for step, given in zip(kept, steps, strict=True) if step or not given]


@dataclass(frozen=True)
class Plan:
    """The way in which cases are played with an agent.

    Attributes:
        agent: The factory, as `module:factory`.
        model: The model that the agent uses, such as `openai:gpt-5`; None for a script.
        seconds: How long the agent may take for one case.
        script: Returns the script of a case; another process can import it by its name.
    """

    agent: str
    model: str | None = None
    seconds: float = SECONDS
    script: Callable[[Case], list[Step]] = reference_solution

    def list_options(self) -> list[str]:
        """Return the options of the command that play cases in this way."""
        model = ["--model", self.model] if self.model else []
        time_limit = [] if self.seconds == SECONDS else ["--timeout", f"{self.seconds:g}"]
        return ["--agent", self.agent, *model, *time_limit]


def run_agent(
    plan: Plan,
    ids: Sequence[str],
    trials: int = 1,
    *,
    jobs: int | None = None,
    fail_fast: bool = False,
    on_result: Callable[[Result], None] = lambda _: None,
) -> Done[Result]:
    """Ask an agent the question of each case, each time in a fresh simulated organization.

    Args:
        plan: The agent and its model.
        ids: The ids of the cases.
        trials: The number of trials for each case.
        jobs: The number of cases that are played at the same time.
        fail_fast: Start no further trial after the first that does not pass.
        on_result: Called with each result as soon as it is there.
    """
    tasks = [(case, trial) for trial in range(1, trials + 1) for case in ids]
    return run_parallel(
        partial(_play_apart, plan),
        tasks,
        jobs=jobs,
        stop=lambda one: fail_fast and one.status != "pass",
        on_result=on_result,
    )


def play_and_judge_agent(plan: Plan, case: Case, trial: int = 1) -> Result:
    """Play a case with an agent in this process, and judge the outcome by the checks that apply to the agent."""
    started = time.perf_counter()
    try:
        environment = open_world(case)
        model = (
            open_model(plan.model)
            if plan.model
            else SolutionModel(steps=plan.script(case), second_look=case.second_look or [])
        )
        outcome, structured = play_agent(case, environment, load_factory(plan.agent), model, plan.seconds)
        free = plan.model is not None
        checks = applicable_checks(_checks(case, free=free), outcome, structured=structured)
        result = judge_outcome(case, outcome, (), checks, options=plan.list_options())
        left_out = tuple(
            check.name for check in expected_checks(case) if check.name not in {one.name for one in checks}
        )
        result = replace(result, not_applicable=left_out)
    except Exception as error:  # noqa: BLE001 - one broken case must not hide the others
        result = Result(case.id, case.area, "harness error", (make_safe(f"{type(error).__name__}: {error}"),))
    return replace(result, seconds=time.perf_counter() - started, trial=trial)


def _checks(case: Case, *, free: bool) -> tuple[Check, ...]:
    """Return the checks of a case for an agent: those of any solution, unless it plays the reference solution."""
    phrases = [phrase for check in case.checks if check.about in {"quotes", "answer"} for phrase in check.phrases]
    own_way = case.elsewhere is not None
    looked = (informed(phrases),) if own_way or any(check.about == "quotes" for check in case.checks) else ()
    if free:
        played = checks_for_any_solution(case)
    else:
        played = tuple(one for one in expected_checks(case) if not own_way or one.about not in {"route", "quotes"})
    return (answered(), equipped(), *looked, *played)


def _play_apart(plan: Plan, task: tuple[str, int]) -> Result:
    """Play a case in a process that is ended when the time is up: an agent that hangs must not hold up the others."""
    from azure_devops_evals import cases  # noqa: PLC0415 - looked up where it runs

    case = next(one for one in cases.CASES if one.id == task[0])
    open_world(case)  # The process that is forked below finds the organization read already.
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = processes().Process(target=_serve_result, args=(sender, plan, task))
    process.start()
    sender.close()
    try:
        if not receiver.poll(plan.seconds + GRACE):
            why = f"the agent was not done after {plan.seconds:g} seconds, and its process had to be ended"
            return _lost(case, task[1], f"TimeoutError: {why}")
        result: Result = receiver.recv()
    except EOFError:
        process.join()
        return _lost(case, task[1], f"the process of the agent ended by itself, with exit code {process.exitcode}")
    finally:
        process.kill()
        process.join()
        receiver.close()
    return result


def _lost(case: Case, trial: int, reason: str) -> Result:
    """Return the result of an agent whose process is gone, and the organization with it."""
    reasons = (f"{reason}. What it had changed is not known.",)
    return Result(case.id, case.area, "agent error", reasons, trial=trial)


def _serve_result(sender: "Connection[Result, object]", plan: Plan, task: tuple[str, int]) -> None:
    """Play a case, send the result, and end the process at once, whatever threads an agent left behind."""
    from azure_devops_evals import cases  # noqa: PLC0415 - looked up where it runs

    # What an agent prints must not get into the results of the command.
    os.dup2(2, 1)
    case = next(one for one in cases.CASES if one.id == task[0])
    sender.send(play_and_judge_agent(plan, case, task[1]))
    sender.close()
    os._exit(0)
