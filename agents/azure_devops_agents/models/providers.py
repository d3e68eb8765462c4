"""Open a chat model by its name, such as `openai:gpt-5`; without a name and a key, open the offline model."""

import os
from typing import Any

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr, ValidationError

from langchain_azure_devops.errors import InvalidRequest
from langchain_azure_devops.extras import require

_DEFAULT = "openai:gpt-5-mini"
_FORM = "Write it as provider:name, such as 'openai:gpt-5', 'anthropic:claude-sonnet-4-5' or 'azure_openai:DEPLOYMENT'."
_PATIENT: dict[str, Any] = {"max_retries": 3, "timeout": 120}


def open_model(spec: str | None) -> BaseChatModel:
    """Open the chat model that a person asked for.

    Args:
        spec: `provider:name` with any provider that LangChain's `init_chat_model` knows; None for OpenAI's default with
            a key or a server of one's own, else the offline model. The providers read their own variables, such as
            `OPENAI_API_KEY`, `OPENAI_BASE_URL` for a server with OpenAI's interface, or `AZURE_OPENAI_ENDPOINT`.

    Raises:
        InvalidRequest: The name is not complete, the provider is unknown, or its package, key or endpoint is missing.
        ExtraMissing: The libraries of the extra `agents` are not installed.
    """
    if spec is None and not (os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")):
        from azure_devops_agents.models.offline import OfflineModel  # noqa: PLC0415 - only when it is used

        return OfflineModel()
    spec = _DEFAULT if spec is None else spec.strip()
    provider, _, name = spec.partition(":")
    provider = provider.strip().replace("-", "_").lower()
    if not provider or not name.strip():
        raise _refused(f"The model {spec!r} is not complete. {_FORM}")
    model = _open(spec, provider, name.strip())
    _check_keys(spec, model)
    return model


def _open(spec: str, provider: str, name: str) -> BaseChatModel:
    options = _list_options(spec, provider, name)
    require("langchain")
    from langchain.chat_models import init_chat_model  # noqa: PLC0415 - slow to import

    try:
        model = init_chat_model(name, model_provider=provider, **options)
    except ImportError as error:
        raise _refused(f"The model {spec!r} needs a package that is not installed. {error}") from None
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        reasons = "; ".join(each["msg"].removeprefix("Value error, ").rstrip(".") for each in found)
        raise _refused(f"The model {spec!r} cannot be opened with the present settings: {reasons}.") from None
    except Exception as error:  # noqa: BLE001 - each provider raises what it likes when a key or a setting is missing
        if isinstance(error, ValueError) and "Supported model providers" in str(error):
            known = str(error).rpartition(": ")[2]
            raise _refused(
                f"The provider {provider!r} of the model {spec!r} is not known. {_FORM} LangChain knows {known}."
            ) from None
        raise _refused(f"The model {spec!r} cannot be opened with the present settings: {error}") from None
    if not isinstance(model, BaseChatModel):
        raise _refused(f"{spec!r} names no chat model. {_FORM}")
    return model


def _list_options(spec: str, provider: str, name: str) -> dict[str, Any]:
    """Return the options of a model whose package comes with the extra, after its variables were checked."""
    if provider == "openai":
        require("langchain_openai")
        if os.environ.get("OPENAI_API_KEY"):
            return _PATIENT
        if not os.environ.get("OPENAI_BASE_URL"):
            raise _refused(
                f"The model {spec!r} needs OPENAI_API_KEY. Set it, or set OPENAI_BASE_URL to a server of your own."
            )
        # A server that the user runs takes any key, but OpenAI's client demands one.
        return {**_PATIENT, "api_key": SecretStr("none")}
    if provider == "azure_openai":
        require("langchain_openai")
        key = "AZURE_OPENAI_AD_TOKEN" if os.environ.get("AZURE_OPENAI_AD_TOKEN") else "AZURE_OPENAI_API_KEY"
        needed = ("AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION", key)
        if missing := [variable for variable in needed if not os.environ.get(variable)]:
            raise _refused(
                f"The model {spec!r} is a deployment of Azure OpenAI, and {', '.join(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} not set. The endpoint, the version of the interface and the "
                "key stand in the portal beside the deployment."
            )
        return {**_PATIENT, "azure_deployment": name}
    return {}


def _check_keys(spec: str, model: BaseChatModel) -> None:
    """Refuse a model whose key is empty. Some providers would say so only when the first question is asked.

    Raises:
        InvalidRequest: The key is missing.
    """
    for field, variable in model.lc_secrets.items():
        value = getattr(model, field, None)
        if isinstance(value, SecretStr) and not value.get_secret_value():
            raise _refused(f"The model {spec!r} needs {variable}, and it is not set.")


def _refused(why: str) -> InvalidRequest:
    return InvalidRequest(why, subject="model")
