"""Operations whose method is misleading: POSTs that only read, and GETs that change something.

Neither the method nor the scope tells reliably whether an operation writes: a token that may only read work items may
send e-mail and create service hooks. The write gate therefore uses these tables. An operation that is not in them is a
write unless its method reads.

Source: the `security` section of each operation in the service's OpenAPI description, versions 7.1 and 7.2.
"""

from collections.abc import Mapping

from langchain_azure_devops.safety.grants import Operation
from langchain_azure_devops.scopes import Scope

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_BUILD, _CODE, _WORK, _TEST = Scope.BUILD, Scope.CODE, Scope.WORK, Scope.TEST_WRITE
_ANY_HOOK = (Scope.BUILD, Scope.CODE, Scope.WORK)
_REPOSITORY = "/{project}/_apis/git/repositories/{repository}"


def _make_posts(table: Mapping[str, tuple[Scope, ...]]) -> dict[Operation, tuple[Scope, ...]]:
    return {Operation("POST", template): scopes for template, scopes in table.items()}


READ_POSTS: Mapping[Operation, tuple[Scope, ...]] = _make_posts(
    {
        "/{project}/_apis/wit/wiql": (_WORK,),
        "/{project}/_apis/wit/workitemsbatch": (_WORK,),
        "/{project}/_apis/wit/queriesbatch": (_WORK,),
        "/{project}/_apis/wit/artifacturiquery": (_WORK,),
        "/{project}/_apis/wit/reporting/workitemrevisions": (_WORK,),
        f"{_REPOSITORY}/commitsbatch": (_CODE,),
        f"{_REPOSITORY}/itemsbatch": (_CODE,),
        f"{_REPOSITORY}/pullrequestquery": (_CODE,),
        "/{project}/_apis/pipelines/checks/queryconfigurations": (_BUILD,),
        "/{project}/_apis/pipelines/{pipeline}/preview": (_BUILD,),
        "/{project}/_apis/build/builds/{build}/workitems": (Scope.BUILD_EXECUTE,),
        "/{project}/_apis/testresults/results/query": (_TEST,),
        "/{project}/_apis/wiki/wikis/{wiki}/pagesbatch": (Scope.WIKI,),
        "/{project}/_apis/search/codesearchresults": (_CODE,),
        "/{project}/_apis/search/workitemsearchresults": (_WORK,),
        "/{project}/_apis/search/wikisearchresults": (Scope.WIKI,),
        "/_apis/search/packagesearchresults": (Scope.PACKAGING,),
        "/{project}/_apis/alert/repositories/{repository}/AlertsBatch": (Scope.ADVSEC,),
        "/{project}/_apis/alert/repositories/{repository}/alerts/metadatabatch": (Scope.ADVSEC,),
    }
)
"""POSTs that only read, each with the scopes of which any one suffices. The gate needs no grant for them."""

READ_SCOPE_WRITES: Mapping[Operation, tuple[Scope, ...]] = {
    Operation("POST", "/{project}/_apis/wit/sendmail"): (_WORK,),
    Operation("POST", "/{project}/_apis/git/favorites/refs"): (_CODE,),
    Operation("DELETE", "/{project}/_apis/git/favorites/refs/{favorite}"): (_CODE,),
    Operation("POST", "/_apis/hooks/subscriptions"): _ANY_HOOK,
    Operation("PUT", "/_apis/hooks/subscriptions/{subscription}"): _ANY_HOOK,
    Operation("DELETE", "/_apis/hooks/subscriptions/{subscription}"): _ANY_HOOK,
    Operation("PUT", "/_apis/hooks/subscriptions/{subscription}/diagnostics"): _ANY_HOOK,
    Operation("POST", "/_apis/hooks/testnotifications"): _ANY_HOOK,
    Operation("POST", "/_apis/graph/requestaccess"): (Scope.GRAPH,),
    Operation("POST", "/_apis/tokenadmin/revocations"): (Scope.TOKENADMINISTRATION,),
    Operation("POST", "/_apis/tokenadmin/revocationrules"): (Scope.TOKENADMINISTRATION,),
}
"""Writes that a read scope allows. Tools for them must be declared as writes, and the gate requires a grant."""

WRITE_GETS: Mapping[Operation, tuple[Scope, ...]] = {
    Operation("GET", "/{project}/_apis/testresults/testai/completegithubauth"): (_TEST,),
}
"""GETs that change something. The gate requires a grant, as for any write."""


def is_read(operation: Operation) -> bool:
    """Return whether an operation only reads."""
    if operation.method in READ_METHODS:
        return operation not in WRITE_GETS
    return operation in READ_POSTS
