"""Who can be asked to review: people, teams and groups."""

from __future__ import annotations

from azure_devops_simulator.api.call import Call
from azure_devops_simulator.areas.core.identities import find_group
from azure_devops_simulator.state.people import User
from azure_devops_simulator.state.pull_requests import Reviewer


def find_candidate(call: Call, wanted: str) -> Reviewer | None:
    """Return a new entry for the person or the group with this id, or None.

    The vote of a group is the last one that a member has given since the group was asked. The members are those that
    it had then.
    """
    if user := call.organization.users.get(wanted.lower()):
        return Reviewer(user)
    if (found := find_group(call, wanted)) is None:
        return None
    group, members = found
    account = f"vstfs:///Framework/IdentityDomain/{group.id}\\{group.properties['Account']}"
    return Reviewer(User(group.id, group.name, account, group.subject), members=tuple(members))
