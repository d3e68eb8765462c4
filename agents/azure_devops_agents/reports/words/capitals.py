"""Know the words with a capital letter that are no names of people, repositories or pipelines."""

COMMON = frozenset(
    """
    a an the i it its no not neither nor either such same other another most many several few more less next last first
    second third our your his her my their me him them us also thus hence so therefore thereby meanwhile otherwise
    instead despite according due based given unlike under over into via per above below here now today yesterday
    yes of in on at by for from to and or but as is are was were be so if then there this that
    these those he she they we you one only none nothing nobody all both each every some any what which who whose when
    where why how before after since until while during between because although however also still already never
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december
    """.split()  # noqa: SIM905 - a list of single words would not be read
)
"""Words with a capital letter that are no names."""
ROLES = frozenset(
    {"reviewer", "author", "approver", "assignee", "owner", "reporter", "requester", "creator", "committer",
     "developer", "engineer", "user", "account", "project", "repository", "pipeline", "branch", "area", "iteration",
     "team", "stage", "step", "job", "title", "tag", "environment", "organization"}
)  # fmt: skip
"""Words in front of a name that say what it names."""
TECHNOLOGY = frozenset(
    """
    azure devops microsoft git github lfs linux windows macos docker kubernetes helm python java javascript typescript
    node nodejs npm powershell bash shell markdown
    yaml json xml html css csv pdf toml ini http https url urls uri uris ssh sftp ftp smtp imap ldap tcp udp tls ssl
    dns dhcp vpn vnet ip os vm vms cpu gpu ram ssd api apis rest graphql grpc rpc sdk cli gui ui ux sql orm crud ci cd
    oauth oidc saml sso mfa jwt pat pats rbac cors csrf xss cve cvss hmac sha md5 aes rsa pem uuid guid utf ascii regex
    ai llm llms ml nlp ocr mcp wiql sarif sast dast sbom sla slo slas slos kpi faq eta tbd wip poc mvp qa e2e uat ttl
    id ids pr prs pdf png svg utc gmt cet cest readme todo ok english
    """.split()  # noqa: SIM905 - a list of single words would not be read
)
"""Platforms, formats and abbreviations that every engineer knows: to name one claims nothing about the evidence.

Databases, tools and libraries are not among them, because a report may name the wrong one as a cause.
"""


def is_technology(word: str) -> bool:
    """Return whether a word is one of them, or the plural of an abbreviation, such as "AIs"."""
    single = word[:-1] if word.endswith("s") and word[:-1].isupper() else word
    return single.lower() in TECHNOLOGY
