"""Sprints, areas, backlogs and boards of teams. These imports declare the tools of the toolset."""

from langchain_azure_devops.tools.boards.assigning import assign_area as assign_area
from langchain_azure_devops.tools.boards.assigning import assign_iteration as assign_iteration
from langchain_azure_devops.tools.boards.board import get_board as get_board
from langchain_azure_devops.tools.boards.changes import list_sprint_changes as list_sprint_changes
from langchain_azure_devops.tools.boards.creating import create_iteration as create_iteration
from langchain_azure_devops.tools.boards.listing import list_areas as list_areas
from langchain_azure_devops.tools.boards.listing import list_backlog_items as list_backlog_items
from langchain_azure_devops.tools.boards.listing import list_backlogs as list_backlogs
from langchain_azure_devops.tools.boards.listing import list_iterations as list_iterations
from langchain_azure_devops.tools.boards.moving import move_card as move_card
from langchain_azure_devops.tools.boards.sprints import get_sprint as get_sprint
from langchain_azure_devops.tools.boards.toolset import boards as boards
