"""The types of relations between two work items, and between a work item and something else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from azure_devops_simulator.state.values import JsonObject


@dataclass(frozen=True)
class RelationType:
    """A relation type. `topology` is empty for resource links."""

    reference_name: str
    name: str
    topology: Literal["tree", "dependency", "network", ""]
    opposite: str = ""

    @property
    def forward(self) -> bool:
        """Whether this is the forward end of a directed link."""
        return self.reference_name.endswith("-Forward")

    @property
    def single_parent(self) -> bool:
        """Whether an item can have only one such relation, as a child has one parent."""
        return self.topology == "tree" and not self.forward

    def body(self, url: str) -> JsonObject:
        """Return the type as `GET wit/workitemrelationtypes` shows it."""
        attributes: JsonObject = {"usage": "resourceLink", "editable": False, "enabled": True}
        if self.topology:
            directed = self.topology != "network"
            attributes |= {
                "usage": "workItemLink",
                "acyclic": directed,
                "directional": directed,
                "singleTarget": self.topology != "tree",
                "topology": self.topology,
                "remote": False,
            }
            if directed:
                attributes |= {"isForward": self.forward, "oppositeEndReferenceName": self.opposite}
        return {"attributes": attributes, "referenceName": self.reference_name, "name": self.name, "url": url}


def _pair(base: str, topology: Literal["tree", "dependency"], forward: str, reverse: str) -> list[RelationType]:
    ends = f"{base}-Forward", f"{base}-Reverse"
    return [RelationType(ends[0], forward, topology, ends[1]), RelationType(ends[1], reverse, topology, ends[0])]


_TYPES = [
    *_pair("Microsoft.VSTS.Common.Affects", "dependency", "Affects", "Affected By"),
    *_pair("Microsoft.VSTS.Common.TestedBy", "dependency", "Tested By", "Tests"),
    *_pair("Microsoft.VSTS.TestCase.SharedStepReferencedBy", "dependency", "Test Case", "Shared Steps"),
    *_pair("System.LinkTypes.Duplicate", "tree", "Duplicate", "Duplicate Of"),
    *_pair("System.LinkTypes.Dependency", "dependency", "Successor", "Predecessor"),
    *_pair("System.LinkTypes.Hierarchy", "tree", "Child", "Parent"),
    RelationType("System.LinkTypes.Related", "Related", "network", "System.LinkTypes.Related"),
    RelationType("AttachedFile", "Attached File", ""),
    RelationType("Hyperlink", "Hyperlink", ""),
    RelationType("ArtifactLink", "Artifact Link", ""),
]

RELATION_TYPES: dict[str, RelationType] = {relation.reference_name: relation for relation in _TYPES}
OPPOSITE: dict[str, str] = {relation.reference_name: relation.opposite for relation in _TYPES if relation.opposite}
_BY_NAME = {relation.reference_name.lower(): relation for relation in _TYPES}


def find_relation_type(reference_name: str) -> RelationType | None:
    """Find a relation type by reference name, in any case."""
    return _BY_NAME.get(reference_name.lower())
