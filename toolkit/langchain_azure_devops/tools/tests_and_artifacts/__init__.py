"""Test results and artifacts of builds. These imports declare the tools of the toolset."""

from langchain_azure_devops.tools.tests_and_artifacts.artifacts import list_artifacts as list_artifacts
from langchain_azure_devops.tools.tests_and_artifacts.artifacts import read_artifact_file as read_artifact_file
from langchain_azure_devops.tools.tests_and_artifacts.test_results import list_test_results as list_test_results
from langchain_azure_devops.tools.tests_and_artifacts.test_results import read_test_report as read_test_report
from langchain_azure_devops.tools.tests_and_artifacts.toolset import toolset as toolset
