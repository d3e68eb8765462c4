"""What questions cost: prices of models, and a ceiling for each UTC day over all threads of a state folder."""

import json

import pytest
from langchain_openai import ChatOpenAI

from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.investigation.spending import CeilingReached, open_spending
from azure_devops_evals.live.openai_server import OpenAIServer, Turn
from langchain_azure_devops.errors import Misconfigured

ANSWER = Turn(calls=[("write_report", json.dumps({"answer": "Done.", "verdict": "answered"}))], usage=(900, 400, 100))


@pytest.fixture
def ask(toolkit, tmp_path):
    """Ask a question on a thread of its own; return the report and the requests to the model."""

    def run(thread):
        with OpenAIServer([ANSWER]) as server:
            model = ChatOpenAI(model="local", base_url=server.base_url, api_key="x", max_retries=0, stream_usage=True)
            with open_investigator(model, toolkit, path=tmp_path / "t.sqlite") as investigator:
                try:
                    list(investigator.ask(thread, "?"))
                finally:
                    asked = len(server.requests)
                return investigator.state(thread)["report"], asked

    return run


def test_the_cost_stands_in_the_report_where_the_model_has_a_price(ask, tmp_path, monkeypatch):
    prices = tmp_path / "prices.toml"
    prices.write_text("[local]\ninput = 2.0\ncached = 0.5\noutput = 10.0\n", encoding="utf-8")
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_PRICES", str(prices))
    report, _ = ask("t")
    assert report["usage"]["cost"] == pytest.approx((500 * 2.0 + 400 * 0.5 + 100 * 10.0) / 1_000_000)


def test_without_a_price_no_cost_is_claimed(ask):
    assert ask("t")[0]["usage"]["cost"] is None


def test_a_day_that_reached_its_ceiling_refuses_the_next_question_of_every_thread(ask, monkeypatch):
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_DAY_TOKENS", "1500")
    assert [ask("one")[1], ask("two")[1]] == [1, 1]
    with pytest.raises(CeilingReached, match="2,000 of 1,500 tokens") as refused:
        ask("three")
    assert refused.value.exit_code == 21


@pytest.mark.parametrize("text", ["no table", "[local]\ninput = -1\noutput = 1\n", "[local]\ninput = 1\n"], ids=str)
def test_prices_that_cannot_be_used_are_refused(tmp_path, text):
    prices = tmp_path / "prices.toml"
    prices.write_text(text, encoding="utf-8")
    with pytest.raises(Misconfigured, match="prices"):
        open_spending(None, {"AZURE_DEVOPS_AGENT_PRICES": str(prices)})
