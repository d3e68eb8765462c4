"""The results of tools: typed records and pages, the authors of their fields, and their text for a model.

Every result model derives from `Result`; lists are a `Page`, files and logs are `Lines`. `render` turns a result into
the text that a model reads, and `origins` says who wrote which of its fields.
"""

from langchain_azure_devops.results.artifact import error_artifact
from langchain_azure_devops.results.conventions import (
    CURSORS,
    ERRORS,
    FENCES,
    NO_ORDERS,
    REJECTED,
    SECRETS,
    WRITES,
    describe_organization,
)
from langchain_azure_devops.results.models import Lines, Page, PartialResult, Records, Result, marks_of, single
from langchain_azure_devops.results.provenance import ERROR, origins
from langchain_azure_devops.results.rendering import MAX_BUDGET, render, render_error
from langchain_azure_devops.results.web_pages import list_page_fields, page_of_row

__all__ = [
    "CURSORS",
    "ERROR",
    "ERRORS",
    "FENCES",
    "MAX_BUDGET",
    "NO_ORDERS",
    "REJECTED",
    "SECRETS",
    "WRITES",
    "Lines",
    "Page",
    "PartialResult",
    "Records",
    "Result",
    "describe_organization",
    "error_artifact",
    "list_page_fields",
    "marks_of",
    "origins",
    "page_of_row",
    "render",
    "render_error",
    "single",
]
