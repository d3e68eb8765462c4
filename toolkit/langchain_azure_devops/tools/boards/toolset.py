"""The toolset about sprints, backlogs and boards."""

from langchain_azure_devops.calls.declaration import Toolset

boards = Toolset.named("boards", "Sprints, areas, backlogs and boards of teams.")
