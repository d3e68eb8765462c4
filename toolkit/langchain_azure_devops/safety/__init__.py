"""What may be written: operations, grants, the content policy, write plans and the audit log."""
