"""Test results as readers need them."""

from typing import Literal

from pydantic import AliasChoices, AliasPath, BaseModel, Field

from langchain_azure_devops.results.models import PartialResult, Result, Untrusted, UntrustedText

Age = Literal["new", "old", "unknown"]


class FailedTest(Result):
    """A test that failed, and how it went in earlier builds.

    Attributes:
        test_run: The name of the test run, which often names the job.
        run: The id of the test run, which the web page needs.
        result: The id of the result in it.
        age: "new" when the test passed in the build before, as far as it ran there; "unknown" when it never ran before.
        since_build: The build since which it fails without a pass in between.
        or_earlier: It failed in each of the compared builds, so it may fail for longer.
        failed: In how many of the compared builds it failed, this one included.
        passed: In how many it passed.
        flaky: Why it counts as flaky; empty when nothing says so.
    """

    singular, plural = "failed test", "failed tests"
    written_by = "builds"
    web = (
        "{project}/_build/results?buildId={build}&view=ms.vss-test-web.build-test-results-tab"
        "&runId={run}&resultId={result}"
    )

    name: Untrusted
    test_run: Untrusted
    run: int
    result: int
    outcome: str
    age: Age = "unknown"
    since_build: int | None = None
    or_earlier: bool = False
    failed: int = 1
    passed: int = 0
    flaky: str | None = None
    message: UntrustedText | None = None
    stack_trace: UntrustedText | None = None


class TestReport(PartialResult):
    """The tests of a build: how many there are, and those that failed."""

    __test__ = False

    written_by = "builds"
    web = "{project}/_build/results?buildId={build}&view=ms.vss-test-web.build-test-results-tab"
    web_list = "{project}/_build"
    caption = "tests of build {build}"

    build: int
    passed: int
    failed: int
    skipped: int
    compared_builds: int = 0
    failed_tests: list[FailedTest] = Field(default=[])
    flaky_but_passed: list[Untrusted] = Field(default=[])
    notes: list[str] = Field(default=[])


class Statistic(BaseModel):
    """How many results of a run have an outcome."""

    outcome: str = ""
    count: int = 0


class Run(BaseModel):
    """A test run of the service. Each attempt of a job publishes runs of its own."""

    id: int
    name: str = ""
    total: int = Field(default=0, validation_alias="totalTests")
    passed: int = Field(default=0, validation_alias="passedTests")
    unanalyzed: int = Field(default=0, validation_alias="unanalyzedTests")
    statistics: list[Statistic] | None = Field(default=None, validation_alias="runStatistics")
    stage: str | None = Field(
        default=None, validation_alias=AliasPath("pipelineReference", "stageReference", "stageName")
    )
    phase: str | None = Field(
        default=None, validation_alias=AliasPath("pipelineReference", "phaseReference", "phaseName")
    )
    job: str | None = Field(default=None, validation_alias=AliasPath("pipelineReference", "jobReference", "jobName"))
    stage_attempt: int = Field(default=1, validation_alias=AliasPath("pipelineReference", "stageReference", "attempt"))
    phase_attempt: int = Field(default=1, validation_alias=AliasPath("pipelineReference", "phaseReference", "attempt"))
    job_attempt: int = Field(default=1, validation_alias=AliasPath("pipelineReference", "jobReference", "attempt"))

    @property
    def place(self) -> tuple[str, ...]:
        """What the attempts of one job have in common."""
        return (self.name, self.stage or "", self.phase or "", self.job or "")

    @property
    def attempt(self) -> tuple[int, ...]:
        """Which attempt it was; the last one counts."""
        return (self.stage_attempt, self.phase_attempt, self.job_attempt)


class CaseResult(BaseModel):
    """The result of one test as a run has it, with its message and stack trace."""

    id: int
    name: str = Field(default="", validation_alias=AliasChoices("automatedTestName", "testCaseTitle"))
    storage: str = Field(default="", validation_alias="automatedTestStorage")
    outcome: str = ""
    message: str | None = Field(default=None, validation_alias="errorMessage")
    stack_trace: str | None = Field(default=None, validation_alias="stackTrace")


class ShortResult(BaseModel):
    """The result of one test as the list of a build has it."""

    run: int = Field(default=0, validation_alias="runId")
    name: str = Field(default="", validation_alias=AliasChoices("automatedTestName", "testCaseTitle"))
    storage: str = Field(default="", validation_alias="automatedTestStorage")
    outcome: str = ""
    rerun: bool = Field(default=False, validation_alias="isReRun")
