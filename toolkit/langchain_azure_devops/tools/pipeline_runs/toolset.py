"""The toolset of runs, on which the modules of this package declare their tools."""

from langchain_azure_devops.calls.declaration import Toolset

pipeline_runs = Toolset.named(
    "pipeline_runs", "See what runs of pipelines were given and used; start, cancel, retry and tag them."
)
