"""The kinds of relations between work items, in the words of the tools and in the service's names."""

RELATION_OF_KIND = {
    "parent": "System.LinkTypes.Hierarchy-Reverse",
    "child": "System.LinkTypes.Hierarchy-Forward",
    "related": "System.LinkTypes.Related",
    "duplicate of": "System.LinkTypes.Duplicate-Reverse",
    "duplicated by": "System.LinkTypes.Duplicate-Forward",
    "predecessor": "System.LinkTypes.Dependency-Reverse",
    "successor": "System.LinkTypes.Dependency-Forward",
    "tests": "Microsoft.VSTS.Common.TestedBy-Reverse",
    "tested by": "Microsoft.VSTS.Common.TestedBy-Forward",
    "affects": "Microsoft.VSTS.Common.Affects-Forward",
    "affected by": "Microsoft.VSTS.Common.Affects-Reverse",
}
"""The reference names of the kinds that every process has."""
HYPERLINK, ATTACHMENT = "hyperlink", "attachment"
KIND_OF_RELATION = {reference.lower(): kind for kind, reference in RELATION_OF_KIND.items()} | {
    "hyperlink": HYPERLINK,
    "attachedfile": ATTACHMENT,
}


def name_kind(reference: str, name: str) -> str:
    """Return the kind of a relation in words; one that the tools do not know has the name that the service gives it.

    Args:
        reference: The reference name of the relation type.
        name: The name that the relation has in the answer; of a link to an artifact it says which kind it is of.
    """
    return KIND_OF_RELATION.get(reference.lower()) or (name or reference).lower()


def plain_kind(kind: str) -> str:
    """Return a kind as it is compared: in small letters, with blanks."""
    return " ".join(kind.replace("_", " ").replace("-", " ").lower().split())
