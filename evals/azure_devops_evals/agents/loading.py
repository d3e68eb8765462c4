"""Find the factory of an agent by `module:factory`."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from azure_devops_evals.agents.context import Factory


class NoFactory(ValueError):
    """There is no factory under this name; the message says why and what to do."""


def load_factory(name: str) -> Factory:
    """Return the factory that `module:factory` or `path/to/file.py:factory` names.

    The present folder is looked through first, as with `python -m`.

    Raises:
        NoFactory: The name has another form, or the module cannot be imported, or holds no such function.
    """
    where, _, attribute = name.rpartition(":")
    if not where or not attribute.isidentifier():
        raise NoFactory(f"--agent takes module:factory or file.py:factory, not {name!r}.")
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
    try:
        module = _load_file(Path(where)) if where.endswith(".py") else importlib.import_module(where)
    except Exception as error:
        raise NoFactory(f"{where} cannot be imported: {type(error).__name__}: {error}") from error
    factory = getattr(module, attribute, None)
    if factory is None:
        raise NoFactory(f"{where} holds nothing with the name {attribute}.")
    if not callable(factory):
        raise NoFactory(
            f"{name} is no function. Give a function that takes an AgentContext and returns the compiled graph, so "
            "that each case gets a graph of its own."
        )
    return factory  # type: ignore[no-any-return] # what it returns is checked when it is called


def _load_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
