"""One organization and one model behind HTTP for the servers of a module, because a server takes seconds to start."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from agent_tokens import FULL
from langgraph_server import CONFIG, LangGraphServer

from azure_devops_agents.models.scripted import Call
from azure_devops_evals.live.openai_server import OpenAIServer, Turn, scripted
from azure_devops_simulator import Organization, SimulatorServer, seed_organization

LISTS = [
    [Call.to("list_projects"), Call.to("list_pull_requests")],
    [Call.to("write_report", answer="There are four projects [E1].", verdict="answered")],
]


def file_bugs(*titles, **more):
    calls = [Call.to("create_work_item", type="Bug", title=title, project="Platform", **more) for title in titles]
    return [calls, [Call.to("write_report", answer="Done.", verdict="answered")]]


TITLES = (
    "approved",
    "edited",
    "rejected",
    "rubbish",
    "kept",
    "left",
    "once",
    "forged",
    "x",
    "settled",
    "replayed",
    "lost",
    "gone",
    "streamed",
)
SCRIPTS = {
    "Which projects are there?": LISTS,
    **{f"File {name}.": file_bugs(name) for name in TITLES},
    "File both.": file_bugs("first", "second"),
    "File linked.": file_bugs("linked", links=["build:35"]),
    **{f"File {number}.": file_bugs(f"number {number}") for number in range(4)},
}


BACK = f"{'Which of the pipelines, and which of their branches, do you mean? ' * 6}Please name one?"


def play(asked):
    """Ask the person back, or play the script of a question."""
    question = next(str(message["content"]) for message in asked["messages"] if message["role"] == "user")
    return Turn(text=BACK) if question == "What do you need to know?" else scripted(SCRIPTS)(asked)


@dataclass
class World:
    """What stands around the servers."""

    organization: Organization
    model: OpenAIServer
    environ: dict[str, str]
    folder: Path

    def serve(self, config=CONFIG, **environ):
        return LangGraphServer(self.folder / config.stem, {**self.environ, **environ}, config)

    def titles(self):
        """The titles of the work items, as often as they were filed."""
        return [item.title for item in self.organization.work_items]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    organization = seed_organization()
    organization.add_token(FULL, scopes=("app_token",))
    with SimulatorServer(organization) as simulator, OpenAIServer(play) as model:
        environ = {
            "AZURE_DEVOPS_BASE_URL": simulator.base_url,
            "AZURE_DEVOPS_PAT": FULL,
            "AZURE_DEVOPS_PROJECT": "Platform",
            "AZURE_DEVOPS_AGENT_MODEL": "openai:local",
            "OPENAI_BASE_URL": model.base_url,
        }
        yield World(organization, model, environ, tmp_path_factory.mktemp("langgraph"))
