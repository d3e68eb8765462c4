"""Which fields of an argument that is a list of named fields are contents of a write; all others are targets."""

from typing import NamedTuple


class ContentFields(NamedTuple):
    """Marks an argument that is a list of named fields, and says which of them hold only texts, numbers and dates.

    Every other field is a target, because it may say where a work item stands or whom it concerns: a field of the
    service that is not listed, and each field that somebody added to the process, which may hold a person.

    Attributes:
        names: Their whole reference names, in small letters.
    """

    names: frozenset[str]

    @classmethod
    def named(cls, *references: str) -> "ContentFields":
        """Name the fields, such as `System.Title`."""
        return cls(frozenset(reference.lower() for reference in references))

    def includes(self, field: str) -> bool:
        """Return whether a field is one of them; the service ignores letter case."""
        return field.lower() in self.names
