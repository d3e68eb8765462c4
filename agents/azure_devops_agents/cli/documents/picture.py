"""Pictures of the demo: what a person sees in the terminal, as SVG."""

import io
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from azure_devops_agents.cli import demonstration
from azure_devops_agents.cli.decisions import answer_all, approval_question
from azure_devops_agents.investigation.events import ApprovalAsked

WIDTH = 100
_FONTS = '"Fira Code", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace'
_FORMAT = f"""\
<svg viewBox="0 0 {{width}} {{height}}" xmlns="http://www.w3.org/2000/svg">
<style>
.{{unique_id}}-matrix {{{{ font-family: {_FONTS}; font-size: {{char_height}}px; line-height: {{line_height}}px }}}}
.{{unique_id}}-title {{{{ font-family: sans-serif; font-size: 18px; font-weight: bold }}}}
{{styles}}
</style>
<defs>
<clipPath id="{{unique_id}}-clip-terminal"><rect width="{{terminal_width}}" height="{{terminal_height}}"/></clipPath>
{{lines}}
</defs>
{{chrome}}
<g transform="translate({{terminal_x}}, {{terminal_y}})" clip-path="url(#{{unique_id}}-clip-terminal)">
{{backgrounds}}
<g class="{{unique_id}}-matrix">
{{matrix}}
</g>
</g>
</svg>
"""
"""The format of Rich without the fonts that a browser would fetch from another host."""


def demo_pictures() -> Mapping[str, str]:
    """Run the demo, approve its write, and return the terminal as two SVG files: up to the approval, and the rest.

    Every run returns the same text.
    """
    console = Console(
        record=True,
        file=io.StringIO(),
        width=WIDTH,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        _environ={},
    )
    pictures: dict[str, str] = {}

    def approve(asked: ApprovalAsked) -> Mapping[str, Any]:
        console.print(Text.assemble(f"{approval_question(asked.views[0])} [reject]: ", ("approve", "bold")))
        pictures["agents/demo-approval.svg"] = _picture(console)
        return answer_all(asked, {"type": "approve"})

    console.print(Text("$ azure-devops-agent demo", style="bold"))
    demonstration.play(console, approve, lambda: "the picture")
    pictures["agents/demo-report.svg"] = _picture(console)
    return pictures


def _picture(console: Console) -> str:
    """Draw everything printed since the last picture, with one element on each line, so that a diff stays small."""
    svg = console.export_svg(title="azure-devops-agent demo", unique_id="demo", code_format=_FORMAT)
    lines = svg.replace("</text><text", "</text>\n<text").replace("/><rect", "/>\n<rect").splitlines()
    return "".join(f"{line.strip()}\n" for line in lines if line.strip())
