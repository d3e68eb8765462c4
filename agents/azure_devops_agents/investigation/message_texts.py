"""Find and replace the texts in a message of a model: in its content, beside it, and in what the provider adds.

Blocks nest: the summary of a reasoning, the citations of a text. One walk finds the texts of whole messages and of
pieces. It leaves the calls of tools alone.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage

TEXTS_OF_BLOCKS = frozenset({"text", "thinking", "reasoning", "refusal"})
CALLS_OF_PROVIDERS = frozenset({"tool_calls", "function_call"})
BLOCKS_OF_CALLS = frozenset(
    {"tool_use", "tool_call", "tool_call_chunk", "function_call", "custom_tool_call", "input_json_delta"}
)
_IMAGES = frozenset({"image", "image_url", "input_image", "output_image"})
_OPAQUE = frozenset(
    {
        *("type", "id", "index", "call_id", "item_id", "tool_use_id", "tool_call_id", "status", "role", "phase"),
        *("signature", "thought_signature", "__gemini_function_call_thought_signatures__"),
        *("encrypted_content", "encrypted_index", "data", "redacted_thinking"),
        *("model", "model_name", "model_provider", "output_version", "finish_reason", "stop_reason"),
        *("object", "service_tier", "system_fingerprint"),
    }
)
_TOKEN = re.compile(r"(?!.*:/)[A-Za-z0-9+/=_.:-]*")


@dataclass(frozen=True)
class Place:
    """A place in a list. Pieces with the same index belong together; a part without an index comes whole."""

    number: int
    index: object = None


Path = tuple[str | Place, ...]


def message_parts(message: AIMessage) -> dict[str, Any]:
    """Return the fields of a message that have texts. Images become text: a page would load them."""
    content = message.content
    return {
        "content": content if isinstance(content, str) else [_show_image_as_text(block) for block in content],
        "additional_kwargs": message.additional_kwargs,
        # The probabilities of its tokens spell the text once more.
        "response_metadata": {name: part for name, part in message.response_metadata.items() if name != "logprobs"},
    }


def replace_texts(value: Any, replace: Callable[[Path, str], str], path: Path = ()) -> Any:
    """Return parts of a message with every text replaced, in a fixed order, except in the calls of tools."""
    if isinstance(value, str):
        return replace(path, value)
    if isinstance(value, Mapping):
        if path[:1] == ("content",) and len(path) == 2 and value.get("type") in BLOCKS_OF_CALLS:
            return value
        return {
            name if _TOKEN.fullmatch(name) else replace((*path, Place(0)), name): part
            if path == ("additional_kwargs",) and name in CALLS_OF_PROVIDERS
            else replace_texts(part, replace, (*path, name))
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [replace_texts(part, replace, (*path, _place(part, number))) for number, part in enumerate(value)]
    return value


def list_texts(value: Any) -> list[str]:
    """Return the texts of parts of a message that a provider does not need back unchanged, in the order of the walk."""
    texts: list[str] = []

    def note(path: Path, text: str) -> str:
        if not is_opaque(path, text):
            texts.append(text)
        return text

    replace_texts(value, note)
    return texts


def is_opaque(path: Path, text: str) -> bool:
    """Tell whether a provider needs a text back as it is: an identifier, a signature, encrypted content."""
    return any(step in _OPAQUE for step in path) and bool(_TOKEN.fullmatch(text))


def is_continued(path: Path) -> bool:
    """Tell whether a later piece may continue a text."""
    return (
        path[-1] in TEXTS_OF_BLOCKS
        or path[:1] + path[2:] == ("content",)
        or not any(isinstance(step, Place) and step.index is None for step in path)
    )


def keep_only(value: Any, path: Path, text: str) -> Any:
    """Return the parts of a message with one text only, and what joins it to the pieces before."""
    if not path:
        return text
    step, rest = path[0], path[1:]
    if not isinstance(step, Place):
        return {step: keep_only(value[step], rest, text)}
    part = value[step.number]
    about = {name: part[name] for name in ("type", "index") if name in part} if isinstance(part, Mapping) else {}
    kept = keep_only(part, rest, text)
    return [{**about, **kept} if isinstance(kept, dict) else kept]


def first_places(path: Path) -> Path:
    """Return the path of a text in what `keep_only` returns: each list there has one part."""
    return tuple(step if isinstance(step, str) else Place(0, step.index) for step in path)


def _place(part: Any, number: int) -> Place:
    index = part.get("index") if isinstance(part, Mapping) else None
    return Place(number, index if isinstance(index, int | str) else None)


def _show_image_as_text(block: Any) -> Any:
    if not isinstance(block, Mapping) or block.get("type") not in _IMAGES:
        return block
    found = block.get("image_url") or block.get("url") or ""
    url = found.get("url", "") if isinstance(found, Mapping) else found
    index = {"index": block["index"]} if "index" in block else {}
    shown = url if isinstance(url, str) and not url.startswith("data:") else ""
    return {"type": "text", **index, "text": f"(image: {shown or 'not shown'})"}
