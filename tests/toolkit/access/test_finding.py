"""Tools are found by the words of people: for nearly all of these, the tool stands among the first three."""

import pytest

from langchain_azure_devops.access.finding import find_by_words
from langchain_azure_devops.tools import TOOLS

AMONG_FIRST = 3
AT_LEAST = 0.95
ASKED = (
    ("history of a file", "list_commits"),
    ("commits of a branch since Monday", "list_commits"),
    ("commits by an author", "list_commits"),
    ("tags of a repository", "list_tags"),
    ("which releases were tagged", "list_tags"),
    ("default branch and size of a repository", "get_repository"),
    ("clone address of a repo", "get_repository"),
    ("comment on a line of a pull request", "comment_on_pull_request"),
    ("leave a review comment", "comment_on_pull_request"),
    ("answer a comment thread", "reply_to_thread"),
    ("resolve a discussion", "set_thread_status"),
    ("log of a failed build", "get_build_log"),
    ("open bugs of a sprint", "query_work_items"),
)
"""What a person or a model asks for, and the tools that serve it."""


def first(words, limit=AMONG_FIRST):
    return [tool.name for tool in find_by_words(TOOLS.values(), words, limit)]


def test_nearly_every_question_finds_its_tool_among_the_first():
    missed = [(words, first(words)) for words, names in ASKED if not set(names.split()) & set(first(words))]
    assert len(ASKED) - len(missed) >= AT_LEAST * len(ASKED), missed


@pytest.mark.parametrize("name", TOOLS)
def test_the_name_of_a_tool_finds_it_first(name):
    assert first(name, 1) == [name]
    assert first(name.replace("_", " ").upper(), 1) == [name]


def test_the_endings_of_words_do_not_matter():
    assert first("commenting on the lines of pull requests") == first("comments on a line of a pull request")


def test_words_that_stand_in_every_question_find_nothing():
    assert first("who did what, and when was it") == []
