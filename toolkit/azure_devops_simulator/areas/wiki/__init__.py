"""Wikis and their pages, which are files of git repositories."""
