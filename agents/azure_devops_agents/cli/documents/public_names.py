"""Find the public names of all packages in their source, each with the module from which a user imports it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from griffe import Alias, AliasResolutionError, Function, GriffeLoader, Module, Object

PACKAGES: Mapping[str, str] = {
    "langchain_azure_devops": "toolkit",
    "azure_devops_simulator": "toolkit",
    "azure_devops_agents": "agents",
    "azure_devops_evals": "evals",
}
"""The packages in the order of the reference, each with its folder."""

_TOOLKIT = "langchain_azure_devops"
_AREAS = f"{_TOOLKIT}.tools"
_DECLARES = re.compile(r"\.(read|write)\(")
_WHOLE = (_TOOLKIT, _AREAS, f"{_TOOLKIT}.adapters")
"""Packages whose modules publish what they define without an underscore, unless they have an `__all__`."""


@dataclass(frozen=True)
class PublicNames:
    """The public names of all packages.

    Attributes:
        documented: The names that the page of a module describes, by module. Each object is described once, at the
            first place from which it can be imported.
        elsewhere: The other public names of a module, each with the place where it is described.
        summaries: What each module is for.
    """

    documented: Mapping[str, tuple[str, ...]]
    elsewhere: Mapping[str, Mapping[str, str]]
    summaries: Mapping[str, str]

    @property
    def targets(self) -> dict[str, str]:
        """The place of each name that no ordinary word looks like and that stands for one thing only."""
        places = [(name, f"{module}.{name}") for module, names in self.documented.items() for name in names]
        names = [name for name, _ in places]
        return {
            name: place
            for name, place in places
            if names.count(name) == 1 and (name.strip("_").count("_") or not (name.islower() or name.isupper()))
        }


def find_public_names(root: Path) -> PublicNames:
    """Find the public names in the source, so that a new one is in the reference without being listed there.

    A package that loads its names at first use declares them for type checkers, as `from place import Name as Name`.
    Other modules publish the names in their `__all__`.

    Args:
        root: The folder of this repository.
    """
    loader = GriffeLoader(search_paths=[root / folder for folder in dict.fromkeys(PACKAGES.values())])
    for package in PACKAGES:
        loader.load(package)
    loader.resolve_aliases(implicit=True, external=False)
    documented: dict[str, tuple[str, ...]] = {}
    elsewhere, summaries, places = {}, {}, dict[str, str]()
    for module in (each for package in PACKAGES for each in _walk(loader.modules_collection[package])):
        names = dict(_names(module))
        elsewhere[module.path] = {name: places[home] for name, home in names.items() if home in places}
        own = {home: name for name, home in names.items() if home not in places}
        places.update({home: f"{module.path}.{name}" for home, name in own.items()})
        if own:
            documented[module.path] = tuple(own.values())
            text = module.docstring.value if module.docstring else ""
            summaries[module.path] = " ".join(text.partition("\n\n")[0].split())
    return PublicNames(documented, elsewhere, summaries)


def _walk(module: Module) -> Iterator[Module]:
    """Yield a module, then everything below it."""
    yield module
    for name, below in sorted(module.modules.items()):
        if not (below.is_alias or name.startswith("_")):
            yield from _walk(below)


def _names(module: Module) -> Iterator[tuple[str, str]]:
    """Yield the public names of a module, each with the place where it is defined."""
    for name, member in module.members.items():
        target = _target(member)
        if target is not None and not name.startswith("_") and _is_public(module, name, member, target):
            yield name, target.path


def _is_public(module: Module, name: str, member: Object | Alias, target: Object) -> bool:
    if module.parent is None and any(_is_declared(each) for each in module.members.values()):
        return _is_declared(member)
    if module.exports is not None:
        return name in module.exports
    if module.parent is None or module.parent.path not in _WHOLE or target.is_module:
        return False
    if module.parent.path == _AREAS and target.path.startswith(f"{module.path}."):
        # An area publishes its tools and their results, and not the parts that it is made of.
        home = target.path.removesuffix(f".{target.name}")
        return target.is_class or _is_tool(target) or home in (module.path, f"{module.path}.tools")
    return target.parent is module


def _is_tool(target: Object) -> bool:
    """Return whether a function is declared as a tool, in whichever module of its area."""
    return isinstance(target, Function) and any(_DECLARES.search(str(each.value)) for each in target.decorators)


def _is_declared(member: Object | Alias) -> bool:
    """Return whether a name stands there for type checkers only: in a stub, or below `if TYPE_CHECKING`."""
    return member.is_alias and not member.runtime


def _target(member: Object | Alias) -> Object | None:
    """Return what a name stands for; None when it comes from another distribution."""
    try:
        return member.final_target if isinstance(member, Alias) else member
    except AliasResolutionError:
        return None
