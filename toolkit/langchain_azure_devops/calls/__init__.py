"""Declare and call tools: schema, approval, recovery of lost writes, paging and fan-out.

A `Toolset` turns a typed function into a `Tool`; `approve_writes_with` sets who approves the writes of a block, and
`check_values` refuses arguments that no tool accepts; `strict_schema` gives the schema of arguments in the
form that the strict mode of every provider accepts; `limit_reads` ends the reads of a block in time.
"""

from langchain_azure_devops.calls.approval import approve_writes_with
from langchain_azure_devops.calls.arguments import check_values
from langchain_azure_devops.calls.declaration import Toolset
from langchain_azure_devops.calls.fan_out import AT_ONCE
from langchain_azure_devops.calls.optional import read_optional, read_with
from langchain_azure_devops.calls.schema import strict_schema
from langchain_azure_devops.calls.time_limits import ReadLimit, limit_reads
from langchain_azure_devops.calls.tool import Tool

__all__ = [
    "AT_ONCE",
    "ReadLimit",
    "Tool",
    "Toolset",
    "approve_writes_with",
    "check_values",
    "limit_reads",
    "read_optional",
    "read_with",
    "strict_schema",
]
