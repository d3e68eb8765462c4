"""What a token may do: verify the connection, and choose the tools that it gets.

`verify` finds out who the token belongs to and what it may do. A `Catalog` chooses tools by their names, and
`permitted_by` keeps those that the token allows.
"""

from langchain_azure_devops.access.connection import Connection, least, verify
from langchain_azure_devops.access.selection import (
    DEFAULT,
    Absence,
    Catalog,
    Selection,
    permitted_by,
    required_scopes,
)

__all__ = [
    "DEFAULT",
    "Absence",
    "Catalog",
    "Connection",
    "Selection",
    "least",
    "permitted_by",
    "required_scopes",
    "verify",
]
