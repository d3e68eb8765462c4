"""A node of a graph in both forms."""

from functools import cached_property
from typing import Any

from langchain_core.runnables import Runnable, RunnableLambda


class Node(RunnableLambda[Any, Any]):
    """A node with a synchronous and an asynchronous form.

    LangGraph looks for graphs inside of each node, for which it reads and parses the node's source whenever a graph is
    built. That takes most of the time, and these nodes hold none that it could find.
    """

    @cached_property
    def deps(self) -> list[Runnable[Any, Any]]:
        """Name no other runnable."""
        return []
