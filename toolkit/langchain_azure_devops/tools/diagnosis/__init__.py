"""Compare builds, and find out why one failed. These imports declare the tools."""

from langchain_azure_devops.tools.diagnosis.comparison import compare_builds as compare_builds
from langchain_azure_devops.tools.diagnosis.diagnose import diagnose_build as diagnose_build
from langchain_azure_devops.tools.diagnosis.toolset import toolset as toolset
