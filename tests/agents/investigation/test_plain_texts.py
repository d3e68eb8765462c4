"""A plain text is a question to the person, or an answer that is asked for as a report and checked like one."""

import pytest
from agent_decisions import YES
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from azure_devops_agents.investigation.budgets import Budgets
from azure_devops_agents.investigation.graph import build_graph

CONFIG = {"configurable": {"thread_id": "t"}}
LIST = AIMessage("", tool_calls=[{"name": "list_pull_requests", "args": {}, "id": "a", "type": "tool_call"}])
CLAIM = AIMessage("Yes. Build 35 succeeded, and no build ever failed [E1].")
ASKED = "Which of the two repositories do you mean?"


def call(name, identifier="b", /, **arguments):
    return {"name": name, "args": arguments, "id": identifier, "type": "tool_call"}


REPORT = AIMessage("", tool_calls=[call("write_report", "r", answer="Nothing more.", verdict="inconclusive")])


class Speaking(BaseChatModel):
    """Says one message after another, whatever it is told, and keeps what it was told."""

    said: list[AIMessage]
    told: list[list[object]]

    @property
    def _llm_type(self):
        return "speaking"

    def bind_tools(self, tools, **_):
        return self

    def _generate(self, messages, stop=None, run_manager=None, **_):
        self.told.append(list(messages))
        return ChatResult(generations=[ChatGeneration(message=self.said[len(self.told) - 1].model_copy())])


def ask(toolkit, *said):
    model = Speaking(said=list(said), told=[])
    graph = build_graph(model, toolkit, checkpointer=InMemorySaver())
    return graph, model, graph.invoke({"messages": [("user", "Did build 35 succeed?")]}, CONFIG)


def test_an_answer_in_plain_text_is_asked_for_as_a_report(toolkit):
    _, model, done = ask(toolkit, LIST, CLAIM, REPORT)
    assert done["report"]["answer"] == "Nothing more."
    *_, text, asked = [message for message in model.told[-1] if not isinstance(message, HumanMessage)]
    assert text.text == CLAIM.text
    assert asked.tool_call_id == text.tool_calls[0]["id"]
    assert "call write_report" in asked.content


def test_an_answer_that_stays_in_plain_text_is_checked_as_the_report(toolkit):
    _, model, done = ask(toolkit, LIST, CLAIM, CLAIM)
    assert len(model.told) == 3
    assert done["report"]["answer"].startswith("Yes. Build 35 succeeded")
    assert "Build 35 succeeded" in str(done["report"]["answer_unverified"])
    assert done["messages"][-1].additional_kwargs["report"] == done["report"]


def test_the_model_is_asked_once_for_each_question(toolkit):
    graph, model, _ = ask(toolkit, LIST, CLAIM, CLAIM, LIST, CLAIM, REPORT)
    done = graph.invoke({"messages": [("user", "And now?")]}, CONFIG)
    assert len(model.told) == 6
    assert done["report"]["answer"] == "Nothing more."


def test_every_call_is_answered_and_only_people_ask_questions(toolkit):
    _, model, done = ask(toolkit, LIST, CLAIM, CLAIM)
    for messages in (*model.told, done["messages"]):
        calls = [each["id"] for message in messages if isinstance(message, AIMessage) for each in message.tool_calls]
        assert calls == [message.tool_call_id for message in messages if isinstance(message, ToolMessage)]
        assert len(set(calls)) == len(calls)
        assert [message.type for message in messages].count("human") == 1


@pytest.mark.parametrize(
    "said",
    [
        [AIMessage(ASKED)],
        [LIST, AIMessage(ASKED)],
        [LIST, AIMessage(f"{ASKED} [E1]")],
        [LIST, AIMessage(f"There is more than one of this name.\n\n- web\n- api\n\n**{ASKED}**")],
        [AIMessage("I look at Azure DevOps and at nothing else.")],
    ],
    ids=[
        "a question",
        "a question after reading",
        "a question that cites",
        "a question with its reason",
        "nothing was read",
    ],
)
def test_a_question_to_the_person_stays_a_message(toolkit, said):
    _, model, done = ask(toolkit, *said)
    assert done["report"] is None
    assert done["messages"][-1].text == said[-1].text
    assert len(model.told) == len(said)


@pytest.mark.parametrize(
    "said", ["Build 35 succeeded. Do you want to know more?", "It is there [E1]. Shall I look further?"]
)
def test_an_answer_that_ends_with_an_offer_is_an_answer(toolkit, said):
    _, _, done = ask(toolkit, LIST, AIMessage(said), REPORT)
    assert done["report"]["answer"] == "Nothing more."


def follow_up(toolkit, question, *said):
    """A second question in a thread whose first one was read for and reported."""
    graph, model, _ = ask(toolkit, LIST, REPORT, *said)
    return model, graph.invoke({"messages": [("user", question)]}, CONFIG)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("And builds 37 and 99?", "Build 37 succeeded, and build 99 was started by Tom Becker yesterday."),
        ("who broke it", "Tom Becker broke it."),
        ("Since when?", "Since 2026-11-17."),
        ("Which commit was it?", "It was 1a2b3c4."),
        ("What was it?", "Tom Becker renamed the variable. Shall I file a bug?"),
        ("How many are open?", "Three pull requests."),
        ("Was it Tom Becker?", "Yes."),
        ("Is everything all right now?", "Yes, all is well."),
        ("Thanks!", "You're welcome. By the way, build 37 failed too."),
    ],
    ids=lambda text: text[:20],
)
def test_a_follow_up_that_is_answered_in_plain_text_is_asked_for_as_a_report(toolkit, question, said):
    model, done = follow_up(toolkit, question, AIMessage(said), REPORT)
    assert done["report"]["answer"] == "Nothing more."
    assert len(model.told) == 4
    assert "call write_report with the whole report" in model.told[3][-1].content


@pytest.mark.parametrize("said", ["Build 37 succeeded.", "Tom Becker broke it.", "It runs since 2026-11-17 [E1]."])
def test_an_answer_for_which_nothing_was_ever_read_is_checked_too(toolkit, said):
    _, model, done = ask(toolkit, AIMessage(said), AIMessage(said))
    assert len(model.told) == 2
    assert done["report"]["answer"] == said
    assert done["report"]["answer_unverified"]


def test_the_model_may_read_when_it_is_asked_for_a_report(toolkit):
    model, done = follow_up(toolkit, "And build 37?", AIMessage("Build 37 succeeded."), LIST, REPORT)
    assert done["report"]["usage"]["calls"] == 1
    assert len(model.told) == 5


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Thanks!", "You're welcome. I am done here."),
        ("Danke!", "Gern. Wenn Sie weitere Fragen zu Builds haben, melden Sie sich."),
        ("And the other one?", "There are two repositories of this name: web and api. Which one do you mean?"),
    ],
    ids=["thanks", "thanks in a language with capital nouns", "a question with its reason"],
)
def test_courtesy_and_questions_stay_messages_in_a_thread_that_has_evidence(toolkit, question, said):
    model, done = follow_up(toolkit, question, AIMessage(said))
    assert done["report"] is None
    assert done["messages"][-1].text == said
    assert len(model.told) == 3


def test_what_the_agent_says_of_itself_is_a_message(toolkit):
    said = "I read builds and work items of Azure DevOps, here those of the project Platform, with `list_builds`."
    _, model, done = ask(toolkit, AIMessage(said))
    assert done["report"] is None
    assert len(model.told) == 1


def test_a_text_without_any_fact_is_a_message_after_a_report_was_asked_for(toolkit):
    said = AIMessage("I can only look and ask before I change anything.")
    model, done = follow_up(toolkit, "What can you do for me?", said, said)
    assert done["report"] is None
    assert done["messages"][-1].text == said.text
    assert len(model.told) == 4


def test_no_report_is_asked_for_beyond_the_budget(toolkit):
    model = Speaking(said=[LIST, CLAIM, REPORT], told=[])
    done = build_graph(model, toolkit, budgets=Budgets(calls=1)).invoke({"messages": [("user", "Which?")]}, CONFIG)
    assert done["report"]["answer"].startswith("Yes. Build 35")
    assert len(model.told) == 2


BUG = call("create_work_item", type="Bug", title="The gate is open", project="Platform")
EARLY = call("write_report", "early", answer="The bug is filed.", verdict="answered")


@pytest.mark.parametrize("calls", [[EARLY, BUG], [BUG, EARLY]], ids=["report first", "write first"])
def test_a_write_beside_a_report_is_asked_about_and_the_report_comes_afterwards(toolkit, calls):
    graph, model, waiting = ask(toolkit, AIMessage("", tool_calls=calls), REPORT)
    assert [each["name"] for each in waiting["__interrupt__"][0].value["action_requests"]] == ["create_work_item"]
    done = graph.invoke(Command(resume=YES), CONFIG)
    [refused] = [message for message in model.told[-1] if getattr(message, "tool_call_id", "") == "early"]
    assert "when the other calls are answered" in refused.content
    assert done["report"]["answer"] == "Nothing more."
    assert done["report"]["written"]
    assert "not_written" not in done["report"]["coverage"]


@pytest.mark.parametrize("calls", [[EARLY, BUG], [BUG, EARLY]], ids=["report first", "write first"])
def test_a_report_beside_a_write_for_which_no_budget_is_left_is_taken(toolkit, calls):
    model = Speaking(said=[LIST, AIMessage("", tool_calls=calls)], told=[])
    graph = build_graph(model, toolkit, budgets=Budgets(calls=1), checkpointer=InMemorySaver())
    done = graph.invoke({"messages": [("user", "File a bug.")]}, CONFIG)
    assert done["report"]["answer"] == EARLY["args"]["answer"]
    assert done["report"]["coverage"]["not_written"] == ['create_work_item "The gate is open", not carried out']


def test_a_report_beside_a_read_ends_the_question_and_the_read_is_no_call(toolkit):
    both = AIMessage("", tool_calls=[*REPORT.tool_calls, call("list_pull_requests")])
    _, _, done = ask(toolkit, LIST, both)
    assert done["report"]["usage"]["calls"] == 1
    [dropped] = [message for message in done["messages"] if getattr(message, "tool_call_id", "") == "b"]
    assert dropped.status == "error"
    assert "write_report ended the question" in dropped.content
