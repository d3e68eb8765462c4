"""Measure how a call travels through the toolkit: which modules run, and in which order."""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import FrameType

import langchain_azure_devops
from azure_devops_agents.cli.target import SIMULATED_PROJECT, open_simulator
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.safety import Approval
from langchain_azure_devops.tools import TOOLS

_PACKAGE = Path(langchain_azure_devops.__file__).parent


class Recorder:
    """Record every module of the toolkit in which a function is called, on any thread, in the order of first calls."""

    def __init__(self) -> None:
        """Record nothing yet; `recording` starts it."""
        self.modules: list[str] = []
        self._active = False

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        """Record the module of the function that is called."""
        if self._active and event == "call" and (path := Path(frame.f_code.co_filename)).is_relative_to(_PACKAGE):
            name = path.relative_to(_PACKAGE).with_suffix("").as_posix()
            if name not in self.modules and frame.f_code.co_name != "<module>":
                self.modules.append(name)

    @contextmanager
    def recording(self) -> Iterator[list[str]]:
        """Record modules while the block runs."""
        self.modules, self._active = [], True
        try:
            yield self.modules
        finally:
            self._active = False


def walks(names: Sequence[str]) -> dict[str, list[str]]:
    """Call each tool with its example in a fresh simulated organization, and return the modules that ran.

    The connection is verified and the tool is called once before, so that the measured call is a typical one.
    """
    recorder = Recorder()
    threading.setprofile(recorder)
    sys.setprofile(recorder)
    try:
        return {name: _walk(name, recorder) for name in names}
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _walk(name: str, recorder: Recorder) -> list[str]:
    arguments = dict(TOOLS[name].examples[0])
    with (
        open_simulator(SIMULATED_PROJECT) as target,
        AzureDevOpsToolkit.connect(
            settings=target.settings,
            approver=lambda asked: Approval(approved=True, digest=asked.digest, approver="the walk"),
        ) as toolkit,
    ):
        (tool,) = (tool for tool in toolkit.get_tools() if tool.name == name)
        tool.invoke(arguments)
        with recorder.recording() as modules:
            tool.invoke(arguments)
    return modules


def drawing(_root: Path, names: str) -> str:
    """Draw the walks of some tools: a line for each stay in a room, with the modules that a call visits first there."""
    lines: list[str] = []
    for name, modules in walks(names.split()).items():
        lines += [f"{name}: {len(modules)} modules", ""]
        for room, stay in groupby(modules, key=_room):
            visited = " → ".join(module.removeprefix(f"{room}/") for module in stay)
            lines.append(f"  {room:9} {visited}")
        lines.append("")
    return "\n".join(["```", *lines[:-1], "```"])


def _room(module: str) -> str:
    return module.partition("/")[0] if "/" in module else "ground"
