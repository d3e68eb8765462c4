"""The destinations of the results of a run."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

Summary = Literal["github", "azure"]
_SET_BY_THE_SERVER = {"github": "GITHUB_STEP_SUMMARY", "azure": "TF_BUILD"}


@dataclass(frozen=True)
class Destinations:
    """The reports that were asked for.

    Attributes:
        as_machine: Print JSON instead of text.
        junit: The file for JUnit XML.
        markdown: The file for Markdown.
        output: The file for JSON.
        summary: The build server that shows the Markdown on the summary page of the build.
    """

    as_machine: bool = False
    junit: Path | None = None
    markdown: Path | None = None
    output: Path | None = None
    summary: Summary | None = None

    def check(self) -> None:
        """Check before a run that the summary can be shown after it.

        Raises:
            click.UsageError: The command does not run on that build server.
        """
        if self.summary and not os.environ.get(needed := _SET_BY_THE_SERVER[self.summary]):
            raise click.UsageError(f"--summary {self.summary} needs {needed}, which the build server sets.")
