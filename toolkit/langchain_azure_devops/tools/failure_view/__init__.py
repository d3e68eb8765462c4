"""The failure view of a log: the lines that an expert would look at, chosen by rules while the log is read once."""

from langchain_azure_devops.tools.failure_view.rules import Category as Category
from langchain_azure_devops.tools.failure_view.scan import match_line as match_line
from langchain_azure_devops.tools.failure_view.view import CHARACTERS as CHARACTERS
from langchain_azure_devops.tools.failure_view.view import FailureView as FailureView
from langchain_azure_devops.tools.failure_view.view import Proof as Proof
from langchain_azure_devops.tools.failure_view.view import read_failure_view as read_failure_view
