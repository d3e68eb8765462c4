"""The tokens that the organization of a test knows: one for everything and one that only reads."""

FULL, READER = "full-access-token", "read-only-token"
READ_SCOPES = (
    "vso.project",
    "vso.wiki",
    "vso.identity",
    "vso.code",
    "vso.work",
    "vso.build",
    "vso.test",
    "vso.variablegroups_read",
    "vso.serviceendpoint",
    "vso.agentpools",
)
