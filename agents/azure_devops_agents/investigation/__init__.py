"""The investigating agent: a graph whose wiring reads like its drawing."""

from langchain_azure_devops.extras import require

require("langgraph.graph", "langgraph.checkpoint.sqlite")
