"""Make `threads.sqlite`: a thread file of the version that kept the texts of evidence in the state of a thread.

It was made by the code of commit 6f2a85a, and holds only what the simulator's made-up company holds. To make it again:

    git archive 6f2a85a agents toolkit | tar -x -C FOLDER
    PYTHONPATH=FOLDER/agents:FOLDER/toolkit python tests/agents/threads_before/build.py

Its threads: `finished` has a report; in `waiting` a write waits for an approval after a read; `ended` ended after its
first read; in `begun` the process ended when a write was sent, so that nobody stored its outcome.
"""

import sqlite3
from contextlib import suppress
from pathlib import Path

from azure_devops_agents.approvals.write_journal import WriteJournal
from azure_devops_agents.investigation.events import ToolFinished
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.models.scripted import Call, ScriptedModel
from azure_devops_simulator import SimulatorServer, seed_organization
from langchain_azure_devops import AzureDevOpsToolkit

FILE = Path(__file__).with_name("threads.sqlite")
TOKEN = "full-access-token"
LIST = Call.to("list_pull_requests", project="Platform")
BUILDS = Call.to("list_builds", project="Platform", limit=3)
BUG = Call.to("create_work_item", type="Bug", title="The gate is open", project="Platform")
QUOTED = {"statement": "A pull request is open.", "evidence": ["E1"], "quote": "Paginate the shipment search"}
UNQUOTED = {"statement": "Nobody reviews.", "evidence": ["E2"], "quote": "no such text"}
ROWS = {"observed": [QUOTED], "ruled_out": [QUOTED], "inferred": [UNQUOTED]}
REPORT = Call.to("write_report", answer="One is open.", verdict="answered", **ROWS)


def ask(toolkit, thread, *steps):
    model = ScriptedModel(steps=[[step] for step in steps])
    with open_investigator(model, toolkit, path=FILE) as investigator:
        for event in investigator.ask(thread, f"What is open? ({thread})"):
            if thread == "ended" and isinstance(event, ToolFinished):
                break
        if thread == "begun":
            [waiting] = investigator.pending(thread)
            with suppress(KeyboardInterrupt):
                list(investigator.answer(thread, {waiting.interrupt_id: {"decision": "approve", "approver": "dana"}}))


def end_when_a_write_is_stored():
    def end(*given):
        raise KeyboardInterrupt

    WriteJournal.finish = end


def main():
    FILE.unlink(missing_ok=True)
    organization = seed_organization()
    organization.add_token(TOKEN, scopes=("app_token",))
    with SimulatorServer(organization) as server:
        with AzureDevOpsToolkit.connect(base_url=server.base_url, pat=TOKEN, default_project="Platform") as toolkit:
            ask(toolkit, "finished", LIST, BUILDS, REPORT)
            ask(toolkit, "waiting", LIST, BUG, REPORT)
            ask(toolkit, "ended", LIST, BUILDS, REPORT)
            end_when_a_write_is_stored()
            ask(toolkit, "begun", LIST, BUG, REPORT)
    with sqlite3.connect(FILE) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")


if __name__ == "__main__":
    main()
