"""Azure DevOps for LangChain and LangGraph: typed tools, filtered by what the token may do.

The public names stand in `__init__.pyi`. Each is loaded when it is first used, so that `import langchain_azure_devops`
and the command line do not wait for LangChain.
"""

from collections.abc import Mapping
from functools import cache


@cache
def _homes() -> Mapping[str, str]:
    """Read from `__init__.pyi` which module each public name comes from."""
    import ast  # noqa: PLC0415 - only needed when a name is used
    import pkgutil  # noqa: PLC0415 - same

    stub = pkgutil.get_data(__name__, "__init__.pyi") or b""
    imports = [node for node in ast.parse(stub).body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def __getattr__(name: str) -> object:
    if name == "__all__":
        return sorted(_homes())
    if (home := _homes().get(name)) is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only needed when a name is used

    from langchain_azure_devops.extras import naming_extras  # noqa: PLC0415 - same

    with naming_extras():
        return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(_homes())
