"""What a token may do: verify the connection, and choose the tools that it gets.

`verify` finds out who the token belongs to and what it may do; `permitted` chooses the tools that follow from it.
"""

from langchain_azure_devops.access.connection import Connection, least, verify
from langchain_azure_devops.access.selection import Absence, Selection, permitted, required_scopes

__all__ = ["Absence", "Connection", "Selection", "least", "permitted", "required_scopes", "verify"]
