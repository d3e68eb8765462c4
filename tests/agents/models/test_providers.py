"""Opening a model by its name: every provider that LangChain knows, and one clear message when something is missing."""

import os

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_openai import AzureChatOpenAI, ChatOpenAI

from azure_devops_agents.models.providers import open_model
from azure_devops_evals.live.openai_server import OpenAIServer, Turn
from langchain_azure_devops.errors import InvalidRequest


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    """Take the settings of models out of the environment."""
    for name in os.environ:
        if name.startswith(("OPENAI_", "AZURE_OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_")):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def azure(bare):
    with OpenAIServer([Turn(text="Yes.")]) as server:
        bare.setenv("AZURE_OPENAI_ENDPOINT", server.azure_endpoint)
        bare.setenv("OPENAI_API_VERSION", "2025-04-01-preview")
        bare.setenv("AZURE_OPENAI_API_KEY", "made-up")
        yield server


@pytest.mark.parametrize("spelled", ["azure_openai:our-deployment", "Azure-OpenAI: our-deployment"])
def test_azure_openai_asks_the_deployment_at_its_endpoint(azure, spelled):
    model = open_model(spelled)
    assert isinstance(model, AzureChatOpenAI)
    assert model.invoke("?").text.strip() == "Yes."
    assert azure.urls == ["/openai/deployments/our-deployment/chat/completions?api-version=2025-04-01-preview"]


async def test_azure_openai_streams(azure):
    model = open_model("azure_openai:our-deployment")
    parts = [part.text async for part in model.astream("?")]
    await model.root_async_client.close()
    assert "".join(parts).strip() == "Yes."
    assert azure.requests[0]["stream"] is True


@pytest.mark.parametrize("missing", ["AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION", "AZURE_OPENAI_API_KEY"])
def test_azure_openai_names_each_missing_variable(azure, bare, missing):
    bare.delenv(missing)
    with pytest.raises(InvalidRequest, match=f"{missing} is not set"):
        open_model("azure_openai:our-deployment")


def test_azure_openai_names_all_missing_variables_at_once():
    every = "AZURE_OPENAI_ENDPOINT, OPENAI_API_VERSION, AZURE_OPENAI_API_KEY are not set"
    with pytest.raises(InvalidRequest, match=every):
        open_model("azure_openai:our-deployment")


def test_another_provider_is_opened_with_its_own_variables(bare):
    bare.setenv("ANTHROPIC_API_KEY", "made-up")
    model = open_model("anthropic:claude-sonnet-4-5")
    assert isinstance(model, ChatAnthropic)
    assert model.model == "claude-sonnet-4-5"


def test_a_server_of_one_s_own_is_asked_with_its_own_name_of_the_model(bare):
    with OpenAIServer([Turn(text="Yes.")]) as server:
        bare.setenv("OPENAI_BASE_URL", server.base_url)
        model = open_model("openai:qwen3:8b")
        assert isinstance(model, ChatOpenAI)
        assert model.invoke("?").text.strip() == "Yes."
    assert server.requests[0]["model"] == "qwen3:8b"


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("openai", "The model 'openai' is not complete. Write it as provider:name"),
        ("openai:", "The model 'openai:' is not complete"),
        (":gpt-5", "The model ':gpt-5' is not complete"),
        ("", "The model '' is not complete"),
        ("gpt-5", "The model 'gpt-5' is not complete"),
        ("opnai:gpt-5", "The provider 'opnai' of the model 'opnai:gpt-5' is not known"),
        ("openai:gpt-5", "needs OPENAI_API_KEY. Set it, or set OPENAI_BASE_URL"),
        ("anthropic:claude-sonnet-4-5", "needs ANTHROPIC_API_KEY, and it is not set"),
        ("google_genai:gemini-2.5-pro", "GOOGLE_API_KEY"),
        ("mistralai:large", "pip install langchain-mistralai"),
        ("ollama:llama3:8b", "pip install langchain-ollama"),
    ],
)
def test_what_is_missing_is_said_in_one_message(spec, says):
    with pytest.raises(InvalidRequest) as refused:
        open_model(spec)
    assert says in refused.value.message
    assert "\n" not in refused.value.message
    assert refused.value.subject == "model"
