"""What a person reads when the agent cannot take a question. The server replaces the words of what is raised."""

import sqlite3
from contextlib import closing, contextmanager

import pytest
from agent_tokens import FULL
from server_client import APPROVE, GRAPH, answer, ask, waiting

pytestmark = pytest.mark.timeout(300)

NOTHING_TOLD = "An internal error occurred"


def asked_again(shown, problem):
    """Return the same question with the reason why its answer was not accepted, also in each description."""
    actions = [
        {**each, "description": f"Not accepted: {problem}\n{each['description']}"} for each in shown["action_requests"]
    ]
    return {**shown, "action_requests": actions, "problem": problem}


def told(client, values, thread):
    """Return the last words of a question that ended in peace: a report without a conclusion."""
    assert client.threads.get(thread)["status"] == "idle"
    assert values["report"]["verdict"] == "inconclusive"
    last = values["messages"][-1]
    assert last["type"] == "ai"
    assert last["additional_kwargs"]["report"] == values["report"]
    [failure] = values["report"]["coverage"]["failure"]
    assert failure in last["content"]
    return failure


def test_the_ceiling_of_the_day_is_told_in_the_thread(world):
    with world.serve(AZURE_DEVOPS_AGENT_DAY_TOKENS="1") as server, server.client() as client:
        thread, values = ask(client, "Which projects are there?")
        assert values["report"]["answer"] == "There are four projects [E1]."
        _, values = ask(client, "Which projects are there?", thread)
        assert "of 1 tokens. The model was not asked. Ask again tomorrow" in told(client, values, thread)
        assert values["report"]["timeline"] == []
        given = {"messages": [{"role": "user", "content": "Which projects are there?"}]}
        parts = list(client.runs.stream(thread, GRAPH, input=given, stream_mode=["custom", "values"]))
        assert "error" not in {part.event for part in parts}
        reports = [part.data for part in parts if part.event == "custom" and part.data["type"] == "report"]
        assert [report["report"]["verdict"] for report in reports] == ["inconclusive"]


@contextmanager
def without(server, table):
    """Take a table away from the journal, as after a loss of the file, and give it back."""
    with closing(sqlite3.connect(server.journal, isolation_level=None)) as journal:
        journal.execute(f"ALTER TABLE {table} RENAME TO kept_elsewhere")
        yield
        journal.execute(f"ALTER TABLE kept_elsewhere RENAME TO {table}")


def test_a_journal_that_is_lost_is_told_in_the_thread_and_nothing_is_written(world):
    with world.serve() as server, server.client() as client:
        waits, _ = ask(client, "File lost.")
        shown = waiting(client, waits)
        with without(server, "approvals"):
            answer(client, waits, APPROVE)
            asked = waiting(client, waits)
            assert "cannot be used (OperationalError), so nothing can be approved or begun" in asked["problem"]
            assert asked == asked_again(shown, asked["problem"])
        with without(server, "intents"):
            values = answer(client, waits, APPROVE)
            [gap] = values["report"]["coverage"]["misconfigured"]
            assert gap.startswith("E1 create_work_item")
            assert values["messages"][-1]["type"] == "ai"
            [refused] = [message for message in values["messages"] if message["type"] == "tool"][:1]
            assert "so nothing can be approved or begun" in refused["content"]
            _, values = ask(client, "File gone.")
            assert "__interrupt__" not in values
            [refused] = [message for message in values["messages"] if message["type"] == "tool"][:1]
            assert "so nothing can be approved or begun" in refused["content"]
        assert not {"lost", "gone"} & set(world.titles())
        again, _ = ask(client, "File lost.")
        answer(client, again, APPROVE)
        assert world.titles().count("lost") == 1
        assert NOTHING_TOLD not in server.log


def test_costs_that_cannot_be_read_are_told_in_the_thread(world):
    with world.serve(AZURE_DEVOPS_AGENT_DAY_TOKENS="1000000") as server, server.client() as client:
        ask(client, "Which projects are there?")
        with without(server, "spending"):
            thread, values = ask(client, "Which projects are there?")
            assert "the costs cannot be used" in told(client, values, thread)


def test_a_token_that_is_refused_is_told_in_the_thread_and_writes_nothing(world):
    with world.serve() as server:
        with server.client() as client:
            waits, _ = ask(client, "File edited.")
            shown = waiting(client, waits)
        server.stop()
        server.environ = {**server.environ, "AZURE_DEVOPS_PAT": "x" * 52}
        server.start()
        with server.client() as client:
            thread, values = ask(client, "Which projects are there?")
            failure = told(client, values, thread)
            answer(client, waits, APPROVE)
            asked = waiting(client, waits)
        assert "token" in failure
        assert NOTHING_TOLD not in failure
        assert asked == asked_again(shown, f"{failure}.")
        assert "edited" not in world.titles()
        server.stop()
        server.environ = {**server.environ, "AZURE_DEVOPS_PAT": FULL}
        server.start()
        with server.client() as client:
            answer(client, waits, APPROVE)
            _, values = ask(client, "Which projects are there?", thread)
    assert values["report"]["verdict"] == "answered"
    assert world.titles().count("edited") == 1


def test_a_question_that_only_a_model_can_answer_is_told_so(world):
    with world.serve(AZURE_DEVOPS_AGENT_MODEL="", OPENAI_BASE_URL="") as server, server.client() as client:
        thread, values = ask(client, "What is the meaning of it all?")
        assert "model" in told(client, values, thread)
        with pytest.raises(Exception, match="EmptyInputError: This thread has no question"):
            client.runs.wait(client.threads.create()["thread_id"], GRAPH, input={"messages": []})


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"AZURE_DEVOPS_PAT": ""}, "set AZURE_DEVOPS_PAT"),
        ({"AZURE_DEVOPS_AGENT_DAY_COST": "5"}, "AZURE_DEVOPS_AGENT_DAY_COST needs the price of the model 'local'"),
    ],
    ids=["token", "price"],
)
def test_a_server_that_could_answer_nothing_ends_with_one_sentence(world, settings, reason):
    with pytest.raises(AssertionError, match="The server cannot start"), world.serve(**settings) as server:
        server.stop()
    log = (world.folder / "langgraph" / "server.log").read_text(encoding="utf-8")
    assert log.rstrip().splitlines()[-1].startswith("The server cannot start. ")
    assert reason in log.rstrip().splitlines()[-1]
    assert "Traceback" not in log[log.rindex("Starting dev persistence") :]
