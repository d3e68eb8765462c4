"""Test plans with their suites and cases. These imports declare the tools of the toolset."""

from langchain_azure_devops.tools.test_plans.cases import list_test_cases as list_test_cases
from langchain_azure_devops.tools.test_plans.plans import list_test_plans as list_test_plans
from langchain_azure_devops.tools.test_plans.plans import list_test_suites as list_test_suites
from langchain_azure_devops.tools.test_plans.toolset import test_plans as test_plans
