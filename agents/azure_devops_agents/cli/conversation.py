"""Run a conversation with the investigator (`chat`)."""

import uuid
from collections.abc import Callable
from pathlib import Path

import click
from langchain_core.language_models import BaseChatModel
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import FileHistory
from rich.console import Console
from rich.text import Text

from azure_devops_agents.cli.decisions import answer_approvals, ask_person, name_approver
from azure_devops_agents.cli.options import REPORT_ENDINGS, AgentOptions, ConnectionOptions
from azure_devops_agents.cli.report_file import save_report
from azure_devops_agents.cli.report_view import show_report
from azure_devops_agents.cli.shell_terms import in_shell_terms
from azure_devops_agents.cli.terminal import SafeConsole, make_safe, plain
from azure_devops_agents.cli.views import show, show_approvals
from azure_devops_agents.investigation.investigator import Investigator, open_investigator
from azure_devops_agents.investigation.spending import name_model
from azure_devops_agents.models.providers import open_model
from azure_devops_agents.models.scripted import NAME_A_MODEL, KeylessModel
from azure_devops_agents.paths import state_path
from langchain_azure_devops import AzureDevOpsToolkit
from langchain_azure_devops.errors import AzureDevOpsError
from langchain_azure_devops.safety import make_private, make_private_folder

COMMANDS = {
    "/tools": "the tools this token may use",
    "/evidence": "all results of this thread; /evidence E3 shows one of them whole",
    "/report": "the last report",
    "/save": f"write the last report to a file: /save FILE, which ends with {', '.join(REPORT_ENDINGS)}",
    "/help": "these commands",
    "/quit": "leave; the thread is stored",
}


def chat(options: ConnectionOptions, *, agent: AgentOptions, thread: str | None, resume: bool) -> None:
    """Hold a conversation until the person leaves it."""
    console = SafeConsole()
    make_private_folder(state_path().parent)
    last = make_private(state_path().with_name("last-thread"))
    if resume:
        thread = thread or last.read_text(encoding="utf-8").strip()
    thread = thread or f"chat-{uuid.uuid4().hex[:8]}"
    with (
        options.open() as target,
        target.open_toolkit("tools") as toolkit,
        open_investigator(
            chosen := open_model(agent.model),
            toolkit,
            budgets=agent.budgets(),
            instructions=agent.load_instructions(),
            second_look=agent.second_look or None,
            name_approver=name_approver,
        ) as investigator,
    ):
        last.write_text(thread, encoding="utf-8")
        _greet(console, toolkit, chosen, thread)
        _continue_question(console, investigator, thread)
        _converse(console, investigator, toolkit, thread)
    console.print(Text(f"Thread {thread} is kept: azure-devops-agent chat --thread {thread}", style="dim"))


class History(FileHistory):
    """The history of the lines that a person typed, without secrets."""

    def __init__(self, filename: str, redact: Callable[[str], str]) -> None:
        """Keep the history in a file; `redact` takes the secrets out of a line."""
        super().__init__(filename)
        self._redact = redact

    def store_string(self, string: str) -> None:
        """Store one line."""
        super().store_string(self._redact(string))


def _converse(console: Console, investigator: Investigator, toolkit: AzureDevOpsToolkit, thread: str) -> None:
    history = History(str(make_private(state_path().with_name("history"))), toolkit.client.secrets.redact)
    session: PromptSession[str] = PromptSession(history=history, completer=WordCompleter(list(COMMANDS), sentence=True))
    while True:
        try:
            line = session.prompt("› ").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if line == "/quit":
            return
        if line.startswith("/"):
            _run_command(console, investigator, toolkit, thread, line)
        elif line:
            _ask_question(console, investigator, thread, line)


def _ask_question(console: Console, investigator: Investigator, thread: str, line: str) -> None:
    """Ask a question and show the events. After an error the conversation goes on."""
    try:
        events = investigator.ask(thread, line)
        for event in answer_approvals(investigator, thread, events, lambda asked: ask_person(console, asked)):
            show(console, event)
    except KeyboardInterrupt:
        console.print(Text("\nStopped. The results so far are stored; /evidence shows them.", style="yellow"))
        return
    except AzureDevOpsError as error:
        console.print(plain(in_shell_terms(error), "red"))
    except click.Abort:
        console.print(Text("\nNot answered. The write waits; ask a question to be asked again.", style="yellow"))
        return
    _answer_waiting(console, investigator, thread)


def _answer_waiting(console: Console, investigator: Investigator, thread: str) -> None:
    """Have the person answer the approvals that still wait."""
    try:
        while asked := investigator.pending(thread):
            console.print(Text("A write of this thread still waits for an answer.", style="yellow"))
            show_approvals(console, asked)
            for event in investigator.answer(thread, asked.interrupt_id, ask_person(console, asked)):
                show(console, event)
    except (KeyboardInterrupt, click.Abort):
        console.print(Text("\nThe write still waits; nothing was written.", style="yellow"))
    except AzureDevOpsError as error:
        console.print(plain(in_shell_terms(error), "red"))


def _continue_question(console: Console, investigator: Investigator, thread: str) -> None:
    """Continue a question that an earlier process left unfinished."""
    _answer_waiting(console, investigator, thread)
    try:
        for event in investigator.resume(thread):
            show(console, event)
    except AzureDevOpsError as error:
        console.print(plain(in_shell_terms(error), "red"))
    _answer_waiting(console, investigator, thread)


def _run_command(
    console: Console, investigator: Investigator, toolkit: AzureDevOpsToolkit, thread: str, line: str
) -> None:
    word, _, rest = line.partition(" ")
    if word == "/tools":
        for tool in toolkit.get_tools():
            access = (tool.metadata or {})["access"]
            console.print(Text.assemble((f"{tool.name} ", "bold"), (f"[{access}] ", "cyan"), tool.description))
        for name, absence in toolkit.absent.items():
            console.print(Text(f"{name} is absent: {absence}", style="dim"))
    elif word == "/evidence":
        _show_evidence(console, investigator, thread, rest.strip().upper())
    elif word == "/report" and (report := investigator.state(thread).get("report")):
        show_report(console, report)
    elif word == "/save":
        _save_report(console, investigator, thread, rest.strip())
    elif word == "/report":
        console.print(Text("There is no report in this thread yet."))
    else:
        if word != "/help":
            console.print(plain(f"There is no command {word}. These are the commands:", "yellow"), soft_wrap=True)
        for name, meaning in COMMANDS.items():
            console.print(Text.assemble((f"{name:10}", "bold"), meaning))


def _save_report(console: Console, investigator: Investigator, thread: str, name: str) -> None:
    if not name:
        console.print(Text(f"Name a file that ends with {', '.join(REPORT_ENDINGS)}: /save report.html"))
        return
    try:
        save_report(investigator, thread, Path(name).expanduser())
    except AzureDevOpsError as error:
        console.print(plain(in_shell_terms(error), "red"))
    else:
        console.print(plain(f"The report is in {name}."), soft_wrap=True)


def _show_evidence(console: Console, investigator: Investigator, thread: str, wanted: str) -> None:
    known = investigator.state(thread).get("evidence", {})
    if wanted in known:
        console.print(plain(investigator.evidence(thread)[wanted]["text"]))
        return
    for entry in known.values():
        size = f"{entry['size']:,} characters"
        console.print(
            Text.assemble((f"{entry['id']:4}", "cyan"), f"{make_safe(entry['tool'])} [{entry['status']}] {size}")
        )
    if not known:
        console.print(Text("There is no evidence in this thread yet."))


def _greet(console: Console, toolkit: AzureDevOpsToolkit, model: BaseChatModel, thread: str) -> None:
    settings = toolkit.client.settings
    where = f"{settings.organization}{f', project {settings.default_project}' if settings.default_project else ''}"
    name = "no language model" if isinstance(model, KeylessModel) else name_model(model)
    tools = toolkit.get_tools()
    writers = sum((tool.metadata or {})["access"] == "write" for tool in tools)
    console.print(
        Text(f"{where} · {len(tools)} tools, {writers} of them write · {name} · thread {thread}", style="bold")
    )
    if isinstance(model, KeylessModel):
        console.print(Text(f"No language model answers. {NAME_A_MODEL}", style="yellow"))
    console.print(Text("Ask a question, or type /help. You approve every write.", style="dim"))
