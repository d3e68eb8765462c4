"""Enumerations given by number: what official clients send in place of names."""

import pytest

from azure_devops_simulator.api.enums import (
    BUILD_RESULT,
    BUILD_STATUS,
    IN_QUERY,
    PULL_REQUEST_STATUS,
    by_name,
    in_query,
)


@pytest.mark.parametrize(
    ("given", "enumeration", "name"),
    [
        (3, PULL_REQUEST_STATUS, "completed"),
        ("3", PULL_REQUEST_STATUS, "completed"),
        ("Completed", PULL_REQUEST_STATUS, "Completed"),
        (9, PULL_REQUEST_STATUS, "9"),
        (3, BUILD_STATUS, "inProgress,completed"),
        (47, BUILD_STATUS, "all"),
        ("10", BUILD_RESULT, "succeeded,failed"),
        (64, BUILD_RESULT, "64"),
        (True, PULL_REQUEST_STATUS, ""),
        (None, PULL_REQUEST_STATUS, ""),
    ],
)
def test_a_number_reads_as_its_name(given, enumeration, name):
    assert by_name(given, enumeration) == name


def test_only_the_parameters_that_hold_one_are_read_so():
    assert in_query("searchcriteria.itemversion.versiontype", "2") == "commit"
    assert in_query("$top", "2") == "2"
    assert in_query("searchcriteria.creatorid", "2") == "2"
    assert all(name == name.lower() for name in IN_QUERY)


def test_a_number_and_a_name_give_the_same_answer(client):
    lists = "/Platform/_apis/git/pullrequests"
    by_number = client.get(lists, **{"searchCriteria.status": 3})
    assert by_number == client.get(lists, **{"searchCriteria.status": "completed"})
    assert by_number["count"] > 0
    builds = "/Platform/_apis/build/builds"
    assert client.get(builds, resultFilter=8) == client.get(builds, resultFilter="failed")
    assert client.get(builds, queryOrder=2) == client.get(builds, queryOrder="finishTimeAscending")
    items = "/Platform/_apis/git/repositories/platform-api/items"
    assert client.get(items, recursionLevel=120) == client.get(items, recursionLevel="full")


def test_a_status_in_a_body_may_be_a_number(client):
    path = "/Platform/_apis/git/repositories/platform-api/pullRequests/9"
    assert client.call("PATCH", path, {"status": 2})["status"] == "abandoned"
    assert client.call("PATCH", path, {"status": "1"})["status"] == "active"
