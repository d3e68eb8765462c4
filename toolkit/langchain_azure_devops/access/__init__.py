"""Verify the connection of a token, and choose the tools that the token may use.

`verify` finds out who the token belongs to and what it may do. A `Catalog` chooses tools by their names, and
`filter_by_connection` keeps those that the token allows.
"""

from langchain_azure_devops.access.connection import Connection, narrowest_scope, verify
from langchain_azure_devops.access.selection import (
    DEFAULT,
    Absence,
    Catalog,
    Selection,
    filter_by_connection,
    required_scopes,
)

__all__ = [
    "DEFAULT",
    "Absence",
    "Catalog",
    "Connection",
    "Selection",
    "filter_by_connection",
    "narrowest_scope",
    "required_scopes",
    "verify",
]
