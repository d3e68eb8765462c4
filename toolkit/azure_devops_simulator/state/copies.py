"""Copies of an organization that share what never changes: the git objects."""

from __future__ import annotations

import io
import pickle

from azure_devops_simulator.state.git_objects import ObjectStore
from azure_devops_simulator.state.organization import Organization


class Original:
    """An organization that is built once in a process and copied often, which takes a tenth of the time.

    Args:
        organization: the organization; later changes of it do not show in the copies.
    """

    def __init__(self, organization: Organization) -> None:
        stored = io.BytesIO()
        pickler = _Pickler(stored)
        pickler.dump(organization)
        self._stored, self._objects = stored.getvalue(), [known.copy() for known in pickler.objects]

    def copy(self) -> Organization:
        """Return a new copy. What is written to one copy, git objects too, is seen in no other."""
        copied: Organization = _Unpickler(io.BytesIO(self._stored), self._objects).load()
        return copied


class _Pickler(pickle.Pickler):
    """Stores an organization without its git objects."""

    def __init__(self, stored: io.BytesIO) -> None:
        super().__init__(stored, pickle.HIGHEST_PROTOCOL)
        self.objects: list[ObjectStore] = []

    def persistent_id(self, value: object) -> int | None:
        if not isinstance(value, ObjectStore):
            return None
        self.objects.append(value)
        return len(self.objects) - 1


class _Unpickler(pickle.Unpickler):
    """Reads an organization, and gives each repository a store of its own."""

    def __init__(self, stored: io.BytesIO, objects: list[ObjectStore]) -> None:
        super().__init__(stored)
        self._objects = objects

    def persistent_load(self, place: int) -> ObjectStore:
        return self._objects[place].copy()
