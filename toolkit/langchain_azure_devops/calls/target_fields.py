"""Which fields of an argument that is a list of named fields are targets of a write."""

from typing import NamedTuple


class TargetFields(NamedTuple):
    """Marks an argument that is a list of named fields, and says which of these fields are targets of a write.

    Attributes:
        names: The last parts of their reference names, in small letters.
    """

    names: frozenset[str]

    @classmethod
    def named(cls, *references: str) -> "TargetFields":
        """Name the fields, such as `System.AssignedTo`; a custom field with the same last part is one of them, too."""
        return cls(frozenset(reference.rpartition(".")[2].lower() for reference in references))

    def includes(self, field: str) -> bool:
        """Whether a field is one of them; `Assigned To` is the name that people use for `System.AssignedTo`."""
        return field.lower().replace(" ", "").rpartition(".")[2] in self.names
