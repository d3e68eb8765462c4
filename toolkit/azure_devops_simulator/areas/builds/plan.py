"""Plan a run from its YAML: its stages, jobs and steps, how long each takes and how it ends.

Nothing is executed. A step fails if its script says `exit` with a number other than 0, or is `false`. `sleep` adds
its seconds. Every other step succeeds, after a time that is derived from its text.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from azure_devops_simulator.api.parsing import as_list, as_object, as_text
from azure_devops_simulator.areas.builds import log_text as logs
from azure_devops_simulator.areas.builds.expansion import predefined_variables, variables_of
from azure_devops_simulator.areas.builds.expressions import ExpressionError, as_word, evaluate, is_true
from azure_devops_simulator.areas.builds.steps import Job, Stage, Step, job_of, skipped
from azure_devops_simulator.state.builds import Build, Issue, RecordResult
from azure_devops_simulator.state.values import JsonObject, JsonValue

_EXIT = re.compile(r"(?m)^\s*(?:exit\s+(?P<code>[1-9]\d*)|(?P<false>false))\s*$")
_RUNTIME = re.compile(r"\$\[(?P<expression>.*)\]", re.DOTALL)
_SLEEP = re.compile(r"(?m)^\s*sleep\s+(?P<seconds>\d+)\s*$")
_MACRO = re.compile(r"\$\((?P<name>[\w.-]+)\)")
_HIDDEN = "***"
_SCRIPTS = ("script", "bash", "pwsh", "powershell")


@dataclass(frozen=True)
class Played:
    """What a step does instead of what its script says: the lines of its log and its result. None leaves the script."""

    lines: tuple[str, ...] | None = None
    result: RecordResult | None = None


def plan(build: Build, text: str, played: Mapping[str, Played] | None = None) -> list[Stage]:
    """Return the stages of a run. A file that is no mapping or has no steps gives one job without steps of its own.

    Args:
        build: the run.
        text: the YAML of its pipeline.
        played: what steps do instead of what their scripts say, by their names in the YAML.
    """
    pipeline = _load(text)
    healthy = True
    variables = _Variables(build, pipeline)
    unwanted = {name.lower() for name in build.skipped_stages}
    found: list[Stage] = []
    for name, condition, jobs in _stages(pipeline):
        if name.lower() in unwanted or not variables.let_run(condition, healthy=healthy):
            found.append(Stage(name, [skipped(job_name) for job_name, _ in jobs]))
            continue
        made: list[Job] = []
        # A stage that runs after a failure is a fresh start for the jobs in it.
        sound = True
        for job_name, job in jobs:
            run = _Run(build, job_name, job, sound, variables, played or {})
            made.append(run.job())
            sound = sound and not run.failed
        healthy = healthy and sound
        found.append(Stage(name, made))
    return found


def stage_names(text: str) -> list[str]:
    """Return the names of the stages of a pipeline. One without stages has a single `__default`."""
    return [name for name, _, _ in _stages(_load(text))]


def step_names(text: str) -> list[str]:
    """Return the names of the steps of a pipeline, in their order. Those that every job has are not among them."""
    return [_name(step) for _, _, jobs in _stages(_load(text)) for _, job in jobs for step in _own_steps(job)]


def _load(text: str) -> JsonObject:
    try:
        loaded: JsonValue = yaml.safe_load(text)
    except yaml.YAMLError:
        loaded = None
    return as_object(loaded)


def _stages(pipeline: JsonObject) -> Iterator[tuple[str, JsonValue, list[tuple[str, JsonObject]]]]:
    """Yield the stages with their conditions and jobs."""
    stages = [as_object(stage) for stage in as_list(pipeline.get("stages"))]
    for stage in stages:
        if "stage" in stage:
            yield as_text(stage["stage"], "Stage"), stage.get("condition"), _jobs(stage)
    if not any("stage" in stage for stage in stages):
        yield "__default", None, _jobs(pipeline)


def _jobs(part: JsonObject) -> list[tuple[str, JsonObject]]:
    jobs = [as_object(job) for job in as_list(part.get("jobs"))]
    named = [(as_text(job.get("job") or job.get("deployment"), "Job"), job) for job in jobs if "template" not in job]
    return named or [("Job", {name: value for name, value in part.items() if name != "condition"})]


def _steps(job: JsonObject) -> list[JsonObject]:
    """Return the steps of a job. Those of a deployment are in its strategy, at any depth."""
    if "steps" in job:
        return [as_object(step) for step in as_list(job["steps"])]
    strategy = job.get("strategy")
    waiting = [strategy]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            if "steps" in part:
                return _steps(dict(part))
            waiting += part.values()
    return []


def _own_steps(job: JsonObject) -> list[JsonObject]:
    return [step for step in _steps(job) if "checkout" not in step and "download" not in step]


def _kind(step: JsonObject) -> str:
    return next((name for name in (*_SCRIPTS, "task", "template", "publish") if name in step), "script")


def _name(step: JsonObject) -> str:
    kind = _kind(step)
    body = as_text(step.get(kind))
    return as_text(step.get("displayName")) or (body.partition("@")[0] if kind == "task" else "CmdLine")


class _Variables:
    """The variables of a run: those that every run has, those of the file, and those that were given with the run."""

    def __init__(self, build: Build, pipeline: JsonObject) -> None:
        known = predefined_variables(build.definition, build.source_branch, build.source_version, build.reason)
        known |= {"Build.BuildId": build.id, "Build.BuildNumber": build.number}
        for name, value in variables_of(pipeline).items():
            known[name] = self._at_run_time(as_word(value), known)
        for name, given in build.variables.items():
            known[name] = _HIDDEN if given.get("isSecret") is True else as_text(given.get("value"))
        self._values = {name.lower(): value for name, value in known.items()}

    @staticmethod
    def _at_run_time(value: str, known: JsonObject) -> JsonValue:
        """Return a value, also of an expression `$[ ]`. One that cannot be evaluated stays as it is."""
        expression = _RUNTIME.fullmatch(value)
        try:
            return evaluate(expression["expression"], {"variables": known}) if expression else value
        except ExpressionError:
            return value

    def replace(self, text: str) -> str:
        """Return a text with the values of the variables. Unknown ones stay as they are, as in the service."""
        return _MACRO.sub(lambda found: as_word(self._values.get(found["name"].lower(), found[0])), text)

    def let_run(self, condition: JsonValue, *, healthy: bool) -> bool:
        """Return whether a stage, job or step runs. Without a condition that can be evaluated, it needs success."""
        if condition is None:
            return healthy
        states = {"succeeded": healthy, "failed": not healthy, "canceled": False}
        states |= {"always": True, "succeededorfailed": True}
        try:
            return is_true(evaluate(as_word(condition), {"variables": self._values}, states))
        except ExpressionError:
            return healthy


@dataclass
class _Run:
    """One job that is being planned. `failed` then tells whether dependent steps and jobs can run."""

    build: Build
    name: str
    text: JsonObject
    healthy: bool
    variables: _Variables
    played: Mapping[str, Played]
    failed: bool = False

    def job(self) -> Job:
        if not self.variables.let_run(self.text.get("condition"), healthy=self.healthy):
            return Job(self.name, [], result="skipped")
        pool = self.text.get("pool")
        image = as_text(as_object(pool).get("vmImage"), "ubuntu-24.04")
        steps = [self._step(step) for step in _own_steps(self.text)]
        return job_of(self.build, self.name, steps, image=image)

    def _step(self, step: JsonObject) -> Step:
        kind, name = _kind(step), self.variables.replace(_name(step))
        body = self.variables.replace(as_text(step.get(kind)))
        if not self.variables.let_run(step.get("condition"), healthy=not self.failed):
            return Step(name, 0, (), "skipped")
        script = self.variables.replace(as_text(as_object(step.get("inputs")).get("script")))
        commands = script if kind == "task" else body
        played = self.played.get(_name(step), Played())
        ends = _EXIT.search(commands) if played.result in {None, "failed"} else None
        code = (ends["code"] or "1") if ends else "1" if played.result == "failed" else None
        result: RecordResult = played.result or ("succeeded" if code is None else "failed")
        if result == "failed" and step.get("continueOnError") is True:
            result = "succeededWithIssues"
        self.failed = self.failed or result in {"failed", "canceled"}
        shown = tuple(line for line in commands.splitlines() if line.strip()) if played.lines is None else played.lines
        end = () if code is None else (f"##[error]Bash exited with code '{code}'.",)
        if result == "canceled":
            end = ("##[error]The operation was canceled.",)
        return self._written(name, kind, body, (*shown, *end), result)

    def _written(self, name: str, kind: str, body: str, lines: tuple[str, ...], result: RecordResult) -> Step:
        known, _, version = body.partition("@")
        tool = (known, f"{version or '1'}.0.0") if kind == "task" else ("CmdLine", "2.250.1")
        messages = logs.task(name, *tool, name, lines) if kind == "task" else logs.script(name, *lines)
        slept = sum(int(found["seconds"]) for found in _SLEEP.finditer("\n".join(lines)))
        errors = [at for at, line in enumerate(messages, start=1) if line.startswith("##[error]")]
        issues = [Issue("error", messages[at - 1].removeprefix("##[error]"), at) for at in errors]
        return Step(name, 2 + zlib.crc32(body.encode()) % 19 + slept, messages, result, issues, tool)
