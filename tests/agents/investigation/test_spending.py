"""What questions cost: prices of models, and a ceiling for each UTC day over all threads of a state folder."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_openai import ChatOpenAI

from azure_devops_agents.investigation.budgets import Usage
from azure_devops_agents.investigation.investigator import open_investigator
from azure_devops_agents.investigation.spending import CeilingReached, open_spending
from azure_devops_agents.models.offline import OfflineModel
from azure_devops_agents.reports.markdown import render_markdown
from azure_devops_evals.live.openai_server import OpenAIServer, Turn
from langchain_azure_devops.errors import Misconfigured

DAY = datetime(2026, 11, 20, 9, tzinfo=UTC)
USED = Usage(calls=0, tokens=10, input=8, output=2, cached=0, estimated=False, seconds=0.0)
ANSWER = Turn(
    calls=[("write_report", json.dumps({"answer": "Done.", "verdict": "inconclusive"}))], usage=(900, 400, 100)
)


@pytest.fixture
def ask(toolkit, tmp_path):
    """Ask a question on a thread of its own; return the report and the requests to the model."""

    def run(thread, turns=ANSWER, *, second_look=False, **stored):
        stored = stored or {"path": tmp_path / "t.sqlite"}
        with OpenAIServer(turns if callable(turns) else [turns]) as server:
            model = ChatOpenAI(model="local", base_url=server.base_url, api_key="x", max_retries=0, stream_usage=True)
            with open_investigator(model, toolkit, second_look=second_look, **stored) as investigator:
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


def test_a_ceiling_of_cost_needs_the_price_of_the_model(ask, tmp_path, monkeypatch):
    """Without it every turn would cost nothing, and the ceiling would hold nobody back."""
    prices = tmp_path / "prices.toml"
    prices.write_text('["gpt-5"]\ninput = 1.0\noutput = 10.0\n', encoding="utf-8")
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_PRICES", str(prices))
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_DAY_COST", "0.0001")
    with pytest.raises(Misconfigured, match=r"price of the model 'local'.*only those of 'gpt-5'"):
        ask("one")
    prices.write_text("[local]\ninput = 1.0\noutput = 10.0\n", encoding="utf-8")
    ask("one")
    with pytest.raises(CeilingReached, match="in cost"):
        ask("two")


def test_a_ceiling_of_cost_without_prices_is_refused(ask, monkeypatch):
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_DAY_COST", "5")
    with pytest.raises(Misconfigured, match="'local', and AZURE_DEVOPS_AGENT_PRICES names no file"):
        ask("one")


def test_only_what_costs_nothing_needs_no_price():
    spending = open_spending(None, {"AZURE_DEVOPS_AGENT_DAY_COST": "5"})
    spending.check_model(OfflineModel())
    with pytest.raises(Misconfigured, match="needs the price of the model"):
        spending.check_model(FakeListChatModel(responses=["yes"]))


def look_twice(request):
    offered = {tool["function"]["name"] for tool in request["tools"]}
    compare = ("compare_reports", json.dumps({"agrees": True}))
    return Turn(calls=[compare], usage=(50, 0, 10)) if offered == {"compare_reports"} else ANSWER


def test_a_second_look_and_the_comparison_count_for_the_day_and_the_cost(ask, tmp_path, monkeypatch):
    prices = tmp_path / "prices.toml"
    prices.write_text("[local]\ninput = 1.0\noutput = 1.0\n", encoding="utf-8")
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_PRICES", str(prices))
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_DAY_TOKENS", "2060")
    report, requests = ask("one", look_twice, second_look=True)
    assert requests == 3
    assert report["usage"]["cost"] == pytest.approx(2060 / 1_000_000)
    with pytest.raises(CeilingReached, match="2,060 of 2,060 tokens"):
        ask("two")


def test_a_second_look_beyond_the_ceiling_is_left_out_and_the_report_says_so(ask, monkeypatch):
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_DAY_TOKENS", "1000")
    report, requests = ask("one", look_twice, second_look=True)
    assert (requests, report["answer"], report["second_look"]["result"]) == (1, "Done.", "left_out")
    assert "No independent pass looked at this report" in render_markdown(report)
    assert "1,000 of 1,000 tokens" in render_markdown(report)


def test_machines_that_share_a_database_share_the_ceiling(ask, postgres_url, monkeypatch):
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_DAY_TOKENS", "1000")
    ask("one", database=postgres_url)
    with pytest.raises(CeilingReached):
        ask("two", database=postgres_url)


def test_a_ceiling_that_is_set_later_counts_the_whole_day(ask, monkeypatch):
    ask("one")
    monkeypatch.setenv("AZURE_DEVOPS_AGENT_DAY_TOKENS", "1000")
    with pytest.raises(CeilingReached):
        ask("two")


@pytest.mark.parametrize("kind", ["file", "postgres"])
def test_processes_that_count_at_once_lose_nothing(kind, request, tmp_path):
    place = tmp_path / "s.sqlite" if kind == "file" else request.getfixturevalue("postgres_url")
    counts = [open_spending(place, {}) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: counts[number % 4].add(DAY, "local", USED), range(40)))
    assert [spending.spent(DAY) for spending in counts] == [(400, 0.0)] * 4
    for spending in counts:
        spending.close()
