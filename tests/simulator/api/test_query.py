"""Values of the query string: lists in each notation, numbers, and pages."""

import pytest

from azure_devops_simulator.api.errors import ArgumentError, BindingError
from azure_devops_simulator.api.query import Query


@pytest.mark.parametrize(
    "raw", ["ids=1,2", "ids=1&ids=2", "ids[]=1&ids[]=2", "ids[0]=1&IDS[1]=2", "ids%5B0%5D=1&ids%5B1%5D=2", "ids=1,+2,"]
)
def test_a_list_in_each_notation(raw):
    assert Query(raw).words("ids") == ["1", "2"]
    assert Query(raw).numbers("ids") == [1, 2]
    assert Query(raw).text("ids").startswith("1")


@pytest.mark.parametrize("raw", ["ids=abc", "ids=1,x", "ids=1&ids=2.0", "ids=-1", "ids[0]=abc"])
def test_a_list_of_numbers_with_another_value(raw):
    with pytest.raises(BindingError, match="Int32"):
        Query(raw).numbers("ids")


@pytest.mark.parametrize(
    ("raw", "start", "stop"),
    [("", 0, 10), ("$top=3", 0, 3), ("$top=99", 0, 20), ("continuationToken=7", 7, 17), ("continuationToken=", 0, 10)],
)
def test_a_page(raw, start, stop):
    assert Query(raw).page(10, 20) == slice(start, stop)


@pytest.mark.parametrize("raw", ["$top=0", "$top=-5", "continuationToken=zzz", "continuationToken=0"])
def test_a_page_that_no_client_can_mean(raw):
    with pytest.raises(ArgumentError):
        Query(raw).page(10, 20)
