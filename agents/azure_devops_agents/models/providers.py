"""Open a chat model by its name, such as `openai:gpt-5`; without a name and a key, open the offline model."""

import os

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.extras import naming_extras


def open_model(spec: str | None) -> BaseChatModel:
    """Open the chat model that a person asked for.

    Args:
        spec: `provider:name` such as `openai:gpt-5`; None for OpenAI's default with a key, else the offline model.

    Raises:
        InvalidRequest: The provider is unknown or its package is missing.
    """
    if spec is None and not (os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")):
        from azure_devops_agents.models.offline import OfflineModel  # noqa: PLC0415 - only when it is used

        return OfflineModel()
    provider, _, name = (spec or "openai:gpt-5-mini").partition(":")
    if provider == "openai" and name:
        with naming_extras():
            from langchain_openai import ChatOpenAI  # noqa: PLC0415 - slow to import, and optional

        if os.environ.get("OPENAI_API_KEY"):
            return ChatOpenAI(model=name, max_retries=3, timeout=120)
        if not os.environ.get("OPENAI_BASE_URL"):
            raise InvalidRequest(f"The model {spec!r} needs OPENAI_API_KEY.", subject="model")
        # A server that the user runs takes any key, but OpenAI's client demands one.
        return ChatOpenAI(model=name, max_retries=3, timeout=120, api_key=SecretStr("none"))
    try:
        from langchain.chat_models import init_chat_model  # noqa: PLC0415 - optional
    except ImportError:
        raise InvalidRequest(
            f"The model {spec!r} needs the package 'langchain' and the provider's own package, such as "
            "'langchain-anthropic'. 'openai:NAME' works without them.",
            subject="model",
        ) from None
    model = init_chat_model(spec)
    if not isinstance(model, BaseChatModel):
        raise InvalidRequest(f"{spec!r} names no chat model.", subject="model")
    return model
