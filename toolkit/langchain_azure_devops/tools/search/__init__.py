"""Searches over all repositories: in code and in commits. These imports declare the tools of the toolset."""

from langchain_azure_devops.tools.search.code import search_code as search_code
from langchain_azure_devops.tools.search.commits import search_commits as search_commits
from langchain_azure_devops.tools.search.toolset import toolset as toolset
