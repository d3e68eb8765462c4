"""The history of a repository: tags, commits, pushes, policies. These imports declare the tools of the toolset."""

from langchain_azure_devops.tools.history.blame import blame_file as blame_file
from langchain_azure_devops.tools.history.commit import get_commit as get_commit
from langchain_azure_devops.tools.history.commits import list_commits as list_commits
from langchain_azure_devops.tools.history.comparison import compare_versions as compare_versions
from langchain_azure_devops.tools.history.policies import list_policies as list_policies
from langchain_azure_devops.tools.history.pushes import list_pushes as list_pushes
from langchain_azure_devops.tools.history.repository import get_repository as get_repository
from langchain_azure_devops.tools.history.tags import list_tags as list_tags
from langchain_azure_devops.tools.history.toolset import toolset as toolset
