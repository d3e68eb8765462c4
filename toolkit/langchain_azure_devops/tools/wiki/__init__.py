"""Wikis and their pages. These imports declare the tools of the toolset."""

from langchain_azure_devops.tools.wiki.changes import list_wiki_page_changes as list_wiki_page_changes
from langchain_azure_devops.tools.wiki.creating import create_wiki_page as create_wiki_page
from langchain_azure_devops.tools.wiki.moving import move_wiki_page as move_wiki_page
from langchain_azure_devops.tools.wiki.reading import list_wiki_pages as list_wiki_pages
from langchain_azure_devops.tools.wiki.reading import read_wiki_page as read_wiki_page
from langchain_azure_devops.tools.wiki.searching import search_wiki as search_wiki
from langchain_azure_devops.tools.wiki.toolset import toolset as toolset
from langchain_azure_devops.tools.wiki.updating import update_wiki_page as update_wiki_page
from langchain_azure_devops.tools.wiki.wikis import list_wikis as list_wikis
