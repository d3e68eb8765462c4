"""Control writes: operations, grants, the content policy, write plans and the audit log.

An `Approver` answers a `WriteRequest` with an `Approval`; a `WritePlan` answers in place of a person. An `AuditLog`
records what was read, asked, allowed and written.
"""

from langchain_azure_devops.safety.allowed_targets import (
    ContentPolicy,
    NamedTargets,
    allow_targets,
    find_named_targets,
)
from langchain_azure_devops.safety.audit import (
    AuditEvent,
    AuditLog,
    Entry,
    EntryEvent,
    read_entries,
    record_event,
    record_event_async,
    verify_chain,
)
from langchain_azure_devops.safety.grants import (
    MOST_ASKS,
    Approval,
    Approver,
    StateChange,
    WriteRequest,
    compare_states,
    digest_call,
    digest_state,
    flatten,
)
from langchain_azure_devops.safety.local_files import FileAccess
from langchain_azure_devops.safety.neutralizing import SECRET_REMOVED, has_secret, neutralize, neutralize_all
from langchain_azure_devops.safety.private_files import make_private, make_private_folder
from langchain_azure_devops.safety.write_plan import ApprovedPlan, FieldRule, WritePlan, plan_exact_write
from langchain_azure_devops.safety.write_view import (
    clean_value,
    describe_write,
    is_rows,
    show_row,
    spell_out_hidden,
    view_write,
)

__all__ = [
    "MOST_ASKS",
    "SECRET_REMOVED",
    "Approval",
    "ApprovedPlan",
    "Approver",
    "AuditEvent",
    "AuditLog",
    "ContentPolicy",
    "Entry",
    "EntryEvent",
    "FieldRule",
    "FileAccess",
    "NamedTargets",
    "StateChange",
    "WritePlan",
    "WriteRequest",
    "allow_targets",
    "clean_value",
    "compare_states",
    "describe_write",
    "digest_call",
    "digest_state",
    "find_named_targets",
    "flatten",
    "has_secret",
    "is_rows",
    "make_private",
    "make_private_folder",
    "neutralize",
    "neutralize_all",
    "plan_exact_write",
    "read_entries",
    "record_event",
    "record_event_async",
    "show_row",
    "spell_out_hidden",
    "verify_chain",
    "view_write",
]
