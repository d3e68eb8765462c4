"""The toolset about test plans."""

from langchain_azure_devops.calls.declaration import Toolset

test_plans = Toolset.named("test_plans", "Test plans, suites, and cases with their last results.")
