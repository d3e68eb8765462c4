"""Show the texts of fields: plain texts as they are, HTML as Markdown."""

import re

from langchain_azure_devops.text.html import html_to_markdown

MARKUP = re.compile(r"[<&]")
"""What a text has that may be HTML; any other is the same in every form."""
_PLAIN = re.compile(
    r"System\.(?!(?:Description|History)$).+"
    r"|Microsoft\.VSTS\.Common\.(?!(?:AcceptanceCriteria|DescriptionHtml|Resolution)$).+"
    r"|Microsoft\.VSTS\.(?:Build|Scheduling)\..+",
    re.IGNORECASE,
)
_HTML = re.compile(
    r"\s*<(?:a|b|blockquote|br|code|div|em|h[1-6]|hr|i|img|li|ol|p|pre|span|strong|table|u|ul)\b[^<>]*>.*>\s*",
    re.IGNORECASE | re.DOTALL,
)


def is_plain(name: str) -> bool:
    """Return whether a field is known never to be HTML, such as a title. Of custom fields nothing is known."""
    return _PLAIN.fullmatch(name) is not None


def show_text(name: str, value: str, form: str = "html") -> str:
    """Return the text of a field as Markdown; only HTML is converted.

    Args:
        name: The reference name of the field.
        value: The text as it is stored.
        form: How the work item stores the field, where that is known.
    """
    return value if form == "markdown" or is_plain(name) else html_to_markdown(value)


def show_text_of_unknown_form(text: str) -> str:
    """Return a text as Markdown when an editor surely made HTML of it, and else as it is stored."""
    return html_to_markdown(text) if _HTML.fullmatch(text) else text
