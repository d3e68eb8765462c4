# The public names of the toolkit, each with the room that it comes from. Type checkers read this file, and
# `__init__.py` loads a name from its room when it is first used. There is no other list of these names.

from langchain_azure_devops.access import Absence as Absence
from langchain_azure_devops.access import Connection as Connection
from langchain_azure_devops.access import verify as verify
from langchain_azure_devops.adapters.langchain import bind as bind
from langchain_azure_devops.adapters.langgraph import interrupt_approver as interrupt_approver
from langchain_azure_devops.adapters.mcp_client.connect import azure_devops_mcp_tools as azure_devops_mcp_tools
from langchain_azure_devops.adapters.toolkit import AzureDevOpsToolkit as AzureDevOpsToolkit
from langchain_azure_devops.calls import Tool as Tool
from langchain_azure_devops.calls import Toolset as Toolset
from langchain_azure_devops.calls import approve_writes_with as approve_writes_with
from langchain_azure_devops.calls import read_optional as read_optional
from langchain_azure_devops.calls import read_with as read_with
from langchain_azure_devops.errors import AzureDevOpsError as AzureDevOpsError
from langchain_azure_devops.http import AzureDevOps as AzureDevOps
from langchain_azure_devops.results import Lines as Lines
from langchain_azure_devops.results import Page as Page
from langchain_azure_devops.results import PartialResult as PartialResult
from langchain_azure_devops.results import Result as Result
from langchain_azure_devops.runtime import RunContext as RunContext
from langchain_azure_devops.safety import Approval as Approval
from langchain_azure_devops.safety import Approver as Approver
from langchain_azure_devops.safety import WritePlan as WritePlan
from langchain_azure_devops.safety import WriteRequest as WriteRequest
from langchain_azure_devops.scopes import Scope as Scope
from langchain_azure_devops.scopes import expand as expand
from langchain_azure_devops.scopes import parse_scopes as parse_scopes
from langchain_azure_devops.settings import Settings as Settings
from langchain_azure_devops.settings import load_settings as load_settings
from langchain_azure_devops.tools import TOOLS as TOOLS
from langchain_azure_devops.tools import TOOLSETS as TOOLSETS
