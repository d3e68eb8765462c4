"""The toolset of test results and artifacts, to which each module of this package adds its tools."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named(
    "tests_and_artifacts", "See which tests of a build failed, and read the files that it published."
)
