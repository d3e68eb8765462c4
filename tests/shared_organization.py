"""Guard an organization that many tests read, so that none of them changes it."""

from collections.abc import Iterator
from contextlib import contextmanager

from azure_devops_simulator import Organization, difference, export_world

CHANGED = "it changed the organization that other tests read; take one of its own, such as that of `client`"


@contextmanager
def shared(organization: Organization) -> Iterator[Organization]:
    """Share an organization while the block lasts; at its end, name every value that differs."""
    before = export_world(organization)
    yield organization
    assert difference(before, export_world(organization), times=True) == {}, CHANGED


@contextmanager
def unchanged(organization: Organization) -> Iterator[None]:
    """Fail the test that writes: each write moves the clock on or takes a number. This costs next to nothing."""
    before = _marks(organization)
    yield
    assert _marks(organization) == before, CHANGED


def _marks(organization: Organization) -> object:
    counters = (organization.counters, organization.work_items.counters, organization.builds.counters)
    return organization.clock.now(), *map(dict, counters), set(organization.tokens), len(organization.faults)
