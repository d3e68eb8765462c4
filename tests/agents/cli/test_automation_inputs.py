"""An automation is typed by pydantic: its command, help and errors follow from the model, in the terms of the shell."""

import os
from pathlib import Path
from typing import Annotated, Literal

import click
import pytest
from click.testing import CliRunner
from pydantic import BaseModel, Field, model_validator

from azure_devops_agents.automations.automation import Automation, Plan, Step
from azure_devops_agents.cli.commands.automate import command_of
from azure_devops_agents.cli.inputs import parameters_of
from azure_devops_agents.cli.lazy_group import Entry, LazyGroup


class StaleInputs(BaseModel):
    branch: Annotated[str, Field(description="The branch that the others are compared with.")]
    days: Annotated[int, Field(ge=1, le=365, description="How old a branch must be.")] = 90
    state: Annotated[Literal["open", "merged"], Field(description="Which branches.")] = "merged"
    keep: Annotated[list[str], Field(title="PATTERN", description="Branches to leave alone.")] = []
    report: Annotated[Path | None, Field(description="A file to compare with.")] = None
    ratio: float = 0.5
    quiet: Annotated[bool, Field(description="Say less.")] = False

    @model_validator(mode="after")
    def _one_of_both(self):
        if self.quiet and self.report:
            raise ValueError("--quiet and --report exclude each other")
        return self


def plan(client, inputs):
    details = tuple((name, repr(value)) for name, value in inputs)
    return Plan((Step("unchanged", f"{client.settings.default_project} {details}"),))


STALE = Automation(name="stale", summary="Look for branches that nobody needs.", inputs=StaleInputs, plan=plan)


@pytest.fixture
def run(monkeypatch):
    for name in [name for name in os.environ if name.startswith("AZURE_DEVOPS_")]:
        monkeypatch.delenv(name)
    return lambda *arguments: CliRunner().invoke(command_of(STALE), arguments, prog_name="stale")


def test_the_help_says_what_the_model_says(run):
    text = " ".join(run("--help").stdout.split())
    for part in (
        "Usage: stale [OPTIONS] BRANCH",
        "Look for branches that nobody needs.",
        "BRANCH: The branch that the others are compared with.",
        "--days INTEGER How old a branch must be. [default: 90]",
        "--state [open|merged] Which branches. [default: merged]",
        "--keep PATTERN Branches to leave alone.",
        "--report PATH A file to compare with.",
        "--ratio FLOAT [default: 0.5]",
        "--quiet / --no-quiet Say less.",
        "--apply / --dry-run",
        "--project NAME",
    ):
        assert part in text, text


def test_the_plan_gets_the_model(run, tmp_path):
    outcome = run("main", "--simulator")
    assert outcome.exit_code == 0, outcome.output
    for part in ("'main'", "90", "'merged'", "[]", "None", "0.5", "False", "Nothing to write."):
        assert part in outcome.stdout
    report = tmp_path / "old.txt"
    report.touch()
    outcome = run("main", "--simulator", "--days", "7", "--keep", "a", "--keep", "b", "--report", str(report))
    assert outcome.exit_code == 0, outcome.output
    for part in ("('days', '7')", "\"['a', 'b']\"", "PosixPath"):
        assert part in outcome.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Missing argument 'BRANCH'."),
        (["main", "--days", "0"], "Invalid value for '--days': Input should be greater than or equal to 1"),
        (["main", "--days", "many"], "Invalid value for '--days': 'many' is not a valid integer."),
        (["main", "--state", "closed"], "Invalid value for '--state': 'closed' is not one of 'open', 'merged'.\n"),
        (
            ["main", "--state", "mergd"],
            "Invalid value for '--state': 'mergd' is not one of 'open', 'merged'. Did you mean 'merged'?\n",
        ),
        (["main", "--report", "nowhere.txt"], "Invalid value for '--report': Path 'nowhere.txt' does not exist."),
        (["main", "--quiet", "--report", "."], "--quiet and --report exclude each other"),
        (["main", "--age", "3"], "No such option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_not_fit_is_said_in_the_terms_of_the_shell(run, arguments, says):
    outcome = run(*arguments)
    assert outcome.exit_code == 2
    assert says in outcome.stderr
    assert "pydantic" not in outcome.output
    assert "Traceback" not in outcome.output


def test_two_values_that_do_not_fit_are_both_named():
    class Both(BaseModel):
        first: Annotated[int, Field(ge=1)] = 1
        second: Annotated[str, Field(max_length=2)] = ""

    outcome = CliRunner().invoke(
        command_of(Automation("both", "Two.", Both, plan)), ["--first", "0", "--second", "abc"]
    )
    assert outcome.exit_code == 2
    assert "'--first'" in outcome.stderr
    assert "'--second'" in outcome.stderr


def test_an_input_may_not_have_the_name_of_a_shared_option():
    class Clash(BaseModel):
        project: str = "x"

    with pytest.raises(TypeError, match="clash: every automation has project already"):
        command_of(Automation("clash", "Two of one name.", Clash, plan))


@pytest.mark.parametrize("annotation", [dict[str, str], Literal[1, 2], str | int, BaseModel])
def test_a_type_without_a_form_on_the_command_line_is_refused_when_it_is_declared(annotation):
    model = type("Odd", (BaseModel,), {"__annotations__": {"odd": annotation}})
    with pytest.raises(TypeError, match=r"'odd' has the type .* no form on the command line"):
        parameters_of(model)


def test_a_table_with_a_module_that_holds_no_command_is_a_bug_that_shows():
    group = LazyGroup(name="g", table={"odd": Entry("azure_devops_agents.paths_of_nothing", "Odd.")})
    with pytest.raises(ModuleNotFoundError):
        group.get_command(click.Context(group), "odd")
