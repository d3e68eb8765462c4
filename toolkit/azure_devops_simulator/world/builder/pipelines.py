"""Build pipelines and their runs: results, logs and artifacts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Self, get_args

from azure_devops_simulator.api.parsing import as_object
from azure_devops_simulator.areas.builds.lookup import InvalidRunError
from azure_devops_simulator.areas.builds.plan import Played, step_names
from azure_devops_simulator.areas.builds.queueing import Order, yaml_of
from azure_devops_simulator.areas.builds.run import catch_up, make_course, plan_build, run_again
from azure_devops_simulator.areas.pull_requests.lifecycle import refresh
from azure_devops_simulator.state.builds import Artifact, Build, Definition, Reason, RecordResult, Result
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.world.builder.pull_requests import PullRequestBuilder
from azure_devops_simulator.world.builder.repositories import Contents
from azure_devops_simulator.world.builder.requests import BuilderError, Person, Requests, choose, texts
from azure_devops_simulator.world.builder.test_results import CaseResult, publish_tests

_STEP_RESULTS: Mapping[str, RecordResult] = {
    "succeeded": "succeeded",
    "partiallySucceeded": "succeededWithIssues",
    "failed": "failed",
    "canceled": "canceled",
}


class RunBuilder:
    """One run of a pipeline, which is also a build. `build` is its state."""

    def __init__(self, requests: Requests, build: Build) -> None:
        self._requests = requests
        self.build = build

    @property
    def id(self) -> int:
        """The id of the run and of the build."""
        return self.build.id

    @property
    def result(self) -> Result | None:
        """The result of the build; None while it runs."""
        return self.build.result

    def retry(
        self,
        stage: str | None = None,
        *,
        by: Person | None = None,
        results: Mapping[str, Result] | None = None,
        logs: Mapping[str, str] | None = None,
        wait: bool = True,
    ) -> RunBuilder:
        """Run a stage of the finished run again, and the stages that were skipped after it.

        Args:
            stage: the stage; by default the first one that failed or was canceled.
            by: who retries it; the first user of the organization by default.
            results: how single steps end this time, by the name of the step. Every other step succeeds.
            logs: what steps write this time, by the name of the step.
            wait: whether the clock goes on until the run is over.

        Raises:
            BuilderError: the run has no such stage or step, or the stage has not completed.
        """
        build, organization = self.build, self._requests.organization
        stages = [record for record in build.records or [] if record.type == "Stage"]
        bad = next((record.name for record in stages if record.result in {"failed", "canceled"}), None)
        chosen = choose("stage", stage or bad or "", [record.name for record in stages])
        send_to_build(self._requests, by, build.definition, "PATCH", str(build.id), "stages", chosen, body=_RETRY)
        order = Order(
            build.source_branch, build.source_version, build.template_parameters, build.variables, reason=build.reason
        )
        text = yaml_at(build, order)
        names = step_names(text)
        played = {name: Played() for name in names}
        for name, log in (logs or {}).items():
            played[choose("step", name, names)] = Played(tuple(log.splitlines()))
        ends = {choose("step", name, names): _STEP_RESULTS[result] for name, result in (results or {}).items()}
        played = {name: Played(each.lines, ends.get(name, "succeeded")) for name, each in played.items()}
        # The route let the stage do what it did. What it does this time takes the place of that.
        [*_, before] = build.attempts
        begun = next(index for index, record in enumerate(stages) if record.name == chosen)
        again = {chosen, *(record.name for record in stages[begun + 1 :] if record.result == "skipped")}
        was = {record.id: record for record in before.records}
        records = [was.get(record.id, record) for record in build.course.records] if build.course else []
        build.attempts.pop()
        build.records = records
        inside = [record for record in records if record.identifier.partition(".")[0] in again]
        run_again(build, inside, organization.clock.now(), make_course(build, text, played))
        organization.builds.watch(build)
        _finish(self._requests, build, wait=wait)
        return self

    def cancel(self, *, by: Person | None = None) -> RunBuilder:
        """Cancel the run, which is then over within seconds.

        Raises:
            BuilderError: the run has completed.
        """
        send_to_build(
            self._requests, by, self.build.definition, "PATCH", str(self.build.id), body={"status": "cancelling"}
        )
        _finish(self._requests, self.build, wait=True)
        return self

    def add_test_results(
        self, tests: Iterable[CaseResult | str], *, name: str = "Unit tests", job: str = "", attempt: int = 1
    ) -> Self:
        """Publish the results of tests. A text is the name of a test that passed.

        Args:
            tests: the results.
            name: the name of the test run.
            job: the job that ran the tests.
            attempt: which attempt of the job it was.

        Raises:
            BuilderError: there is no such outcome.
        """
        publish_tests(self._requests, self.build, tests, name, job, attempt)
        return self


_RETRY: JsonObject = {"state": "retry"}


def send_to_build(
    requests: Requests, by: Person | None, definition: Definition, method: str, *path: str, body: JsonObject
) -> JsonObject:
    """Send a request about builds of a pipeline's project."""
    return requests.send(by, method, definition.project.name, "_apis", "build", "builds", *path, body=body)


def yaml_at(build: Build, order: Order) -> str:
    """Return the YAML that a build ran."""
    ref = build.source_branch if build.reason != "pullRequest" else build.definition.default_branch
    return yaml_of(build.definition, replace(order, branch=ref))[2]


def _finish(requests: Requests, build: Build, *, wait: bool) -> None:
    """Let the clock go on until a build is over, if that is wanted."""
    store, clock = requests.organization.builds, requests.organization.clock
    if wait and build.course:
        clock.set(max(clock.now(), build.course.finish))
    catch_up(store, clock.now())


class PipelineBuilder:
    """A YAML pipeline. `definition` is its state."""

    def __init__(self, requests: Requests, definition: Definition) -> None:
        self._requests = requests
        self.definition = definition

    @property
    def id(self) -> int:
        """The id of the pipeline and of the build definition."""
        return self.definition.id

    def update(self, *, by: Person | None = None, comment: str = "", **changes: JsonValue) -> PipelineBuilder:
        """Change the definition of the pipeline, which makes a new revision of it.

        Args:
            by: who changes it; the first user of the organization by default.
            comment: why it is changed.
            changes: what is changed, by the names of the service, such as `name`, `path`, `queueStatus`, `variables`,
                `process`, `repository` or `queue`; an object such as `repository` is changed by its members.

        Raises:
            BuilderError: the service refuses the change.
        """
        number = str(self.id)
        body = dict(self._send(by, "GET", "definitions", number))
        body["comment"] = comment or None
        for name, value in changes.items():
            now = body.get(name)
            merged = name != "variables" and isinstance(now, dict) and isinstance(value, dict)
            body[name] = {**as_object(now), **as_object(value)} if merged else value
        self._send(by, "PUT", "definitions", number, body=body)
        return self

    def run(
        self,
        *,
        branch: str | None = None,
        pull_request: PullRequestBuilder | None = None,
        by: Person | None = None,
        reason: Reason = "manual",
        parameters: Mapping[str, JsonValue] | None = None,
        result: Result | None = None,
        step: str | None = None,
        results: Mapping[str, Result] | None = None,
        logs: Mapping[str, str] | None = None,
        artifacts: Mapping[str, Contents] | None = None,
        tests: Iterable[CaseResult | str] = (),
        tags: str | Sequence[str] = (),
        wait: bool = True,
    ) -> RunBuilder:
        """Run the pipeline. Without a result and logs, the run does what its YAML says.

        Args:
            branch: the branch to build; the default branch when none is given.
            pull_request: a pull request whose merge is built instead of a branch.
            by: who runs it; the first user of the organization by default.
            reason: why it runs; `pullRequest` when there is a pull request.
            parameters: values of the parameters that the YAML declares.
            result: the result of the run.
            step: the step that decides the result. By default the last one in `logs`, or else the last one in the YAML.
            results: how single steps end, by the name of the step, where more than one decides. Every other step
                succeeds.
            logs: what steps write, by the name of the step.
            artifacts: files that the run publishes, by the name of the artifact.
            tests: results of tests that the run publishes. A text is the name of a test that passed.
            tags: tags of the build.
            wait: whether the clock goes on until the run is over. Otherwise it runs as the clock moves.

        Raises:
            BuilderError: the branch, the file of the pipeline or a step does not exist, the file is not valid, the YAML
                does not let the step decide the result, or the user may not run the pipeline.
        """
        source, version = self._source(branch, pull_request)
        order = Order(source, version, dict(parameters or {}))
        try:
            text = yaml_of(self.definition, order)[2]
            played = self._played(text, result, step, logs or {}, results or {})
        except InvalidRunError:
            text, played = "", {}  # The route says what is wrong.
        build = self._queue(order, by, choose("reason", reason, get_args(Reason)))
        if pull_request:
            pull = pull_request.pull_request
            build.reason, build.source_branch = "pullRequest", f"refs/pull/{pull.id}/merge"
            build.trigger_info = {
                "pr.number": str(pull.id),
                "pr.sourceBranch": pull.source,
                "pr.sourceSha": pull.last_source,
            }
            told = {"pullRequestId": str(pull.id), "sourceBranch": pull.source, "targetBranch": pull.target}
            build.parameters = json.dumps({f"system.pullRequest.{name}": value for name, value in told.items()})
        plan_build(build, text, played)
        store = self._requests.organization.builds
        if result and build.course and build.course.result != result:
            ends = build.course.result
            del store.builds[build.id]
            build.course = None
            raise BuilderError(f"by its YAML the run ends {ends}, not {result}: a condition or continueOnError decides")
        store.watch(build)
        for tag in texts(tags):
            self._send(by, "PUT", "builds", str(build.id), "tags", tag)
        _finish(self._requests, build, wait=wait)
        for number, (name, files) in enumerate((artifacts or {}).items(), start=1):
            content = {
                path.strip("/"): data.encode() if isinstance(data, str) else data for path, data in files.items()
            }
            build.artifacts.append(Artifact(build.id * 10 + number, name, content))
        run, given = RunBuilder(self._requests, build), list(tests)
        return run.add_test_results(given) if given else run

    def _source(self, branch: str | None, pull_request: PullRequestBuilder | None) -> tuple[str, str]:
        """Return the branch that a run names when it is queued, and the commit that it builds."""
        repository = self.definition.repository
        if pull_request:
            pull = pull_request.pull_request
            if pull.repository is not repository:
                raise BuilderError(f"pull request {pull.id} belongs to the repository {pull.repository.name}")
            refresh(self._requests.organization, pull)
            return pull.target, pull.merge_commit or pull.last_source
        names = [ref.removeprefix("refs/heads/") for ref in repository.refs if ref.startswith("refs/heads/")]
        chosen = choose("branch", branch or self.definition.default_branch.removeprefix("refs/heads/"), names)
        return f"refs/heads/{chosen}", repository.refs[f"refs/heads/{chosen}"]

    def _queue(self, order: Order, by: Person | None, reason: Reason) -> Build:
        body: JsonObject = {
            "definition": {"id": self.id},
            "sourceBranch": order.branch,
            "sourceVersion": order.version,
            "templateParameters": order.parameters,
        }
        number = self._send(by, "POST", "builds", body=body)["id"]
        build = self._requests.organization.builds.builds[int(str(number))]
        build.reason = reason
        if reason == "individualCI":
            subject = self.definition.repository.commit(order.version).subject
            build.trigger_info = {
                "ci.sourceBranch": order.branch,
                "ci.sourceSha": order.version,
                "ci.message": subject,
            }
        return build

    def _played(
        self,
        text: str,
        result: Result | None,
        step: str | None,
        logs: Mapping[str, str],
        results: Mapping[str, Result],
    ) -> dict[str, Played]:
        names = step_names(text)
        played = {choose("step", name, names): Played(tuple(log.splitlines())) for name, log in logs.items()}
        if result is None and step is not None:
            raise BuilderError("a step decides a result, so give the result too")
        if results:
            if result is not None:
                raise BuilderError("give either the result of the run or the results of single steps")
            ends = {choose("step", name, names): _STEP_RESULTS[each] for name, each in results.items()}
            return {name: Played(played.get(name, Played()).lines, ends.get(name, "succeeded")) for name in names}
        if result is None:
            return played
        ending = _STEP_RESULTS[choose("result", result, _STEP_RESULTS)]
        if not names:
            raise BuilderError(f"{self.definition.yaml_path} has no steps")
        deciding = choose("step", step, names) if step else next(reversed(played), names[-1])
        # A step that the YAML lets fail must not decide instead.
        everything = {name: played.get(name, Played()) for name in names}
        return {
            name: Played(each.lines, ending if name == deciding else "succeeded") for name, each in everything.items()
        }

    def _send(self, by: Person | None, method: str, *path: str, body: JsonObject | None = None) -> JsonObject:
        return self._requests.send(by, method, self.definition.project.name, "_apis", "build", *path, body=body)
