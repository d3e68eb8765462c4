"""The toolset of pipelines, on which the modules of this package declare their tools."""

from langchain_azure_devops.calls.declaration import Toolset

toolset = Toolset.named("pipelines", "See pipelines and who changed them; create, rename and change them.")
