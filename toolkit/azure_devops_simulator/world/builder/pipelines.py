"""Build pipelines and their runs: results, logs and artifacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from azure_devops_simulator.areas.builds.lookup import InvalidRunError
from azure_devops_simulator.areas.builds.plan import Played, step_names
from azure_devops_simulator.areas.builds.queueing import Order, yaml_of
from azure_devops_simulator.areas.builds.run import catch_up, plan_build
from azure_devops_simulator.areas.pull_requests.lifecycle import refresh
from azure_devops_simulator.state.builds import Artifact, Build, Definition, Reason, RecordResult, Result
from azure_devops_simulator.state.values import JsonObject, JsonValue
from azure_devops_simulator.world.builder.pull_requests import PullRequestBuilder
from azure_devops_simulator.world.builder.repositories import Contents
from azure_devops_simulator.world.builder.requests import BuilderError, Person, Requests, choose, texts

_STEP_RESULTS: Mapping[str, RecordResult] = {
    "succeeded": "succeeded",
    "partiallySucceeded": "succeededWithIssues",
    "failed": "failed",
    "canceled": "canceled",
}


class RunBuilder:
    """One run of a pipeline, which is also a build. `build` is its state."""

    def __init__(self, build: Build) -> None:
        self.build = build

    @property
    def id(self) -> int:
        """The id of the run and of the build."""
        return self.build.id

    @property
    def result(self) -> Result | None:
        """The result of the build; None while it runs."""
        return self.build.result


class PipelineBuilder:
    """A YAML pipeline. `definition` is its state."""

    def __init__(self, requests: Requests, definition: Definition) -> None:
        self._requests = requests
        self.definition = definition

    @property
    def id(self) -> int:
        """The id of the pipeline and of the build definition."""
        return self.definition.id

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
        logs: Mapping[str, str] | None = None,
        artifacts: Mapping[str, Contents] | None = None,
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
            logs: what steps write, by the name of the step.
            artifacts: files that the run publishes, by the name of the artifact.
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
            played = self._played(text, result, step, logs or {})
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
        plan_build(build, text, played)
        store, clock = self._requests.organization.builds, self._requests.organization.clock
        if result and build.course and build.course.result != result:
            ends = build.course.result
            del store.builds[build.id]
            build.course = None
            raise BuilderError(f"by its YAML the run ends {ends}, not {result}: a condition or continueOnError decides")
        store.watch(build)
        for tag in texts(tags):
            self._send(by, "PUT", "builds", str(build.id), "tags", tag)
        if wait and build.course:
            clock.set(max(clock.now(), build.course.finish))
        catch_up(store, clock.now())
        for number, (name, files) in enumerate((artifacts or {}).items(), start=1):
            content = {
                path.strip("/"): data.encode() if isinstance(data, str) else data for path, data in files.items()
            }
            build.artifacts.append(Artifact(build.id * 10 + number, name, content))
        return RunBuilder(build)

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

    def _played(self, text: str, result: Result | None, step: str | None, logs: Mapping[str, str]) -> dict[str, Played]:
        names = step_names(text)
        played = {choose("step", name, names): Played(tuple(log.splitlines())) for name, log in logs.items()}
        if result is None and step is not None:
            raise BuilderError("a step decides a result, so give the result too")
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
