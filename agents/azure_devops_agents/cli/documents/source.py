"""The parts of pages that are made from files: maps of the rooms, and the comparison with the vendor's server."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

SOURCES = ("toolkit", "agents", "evals")


def room_table(root: Path, package: str) -> str:
    """List the rooms of a package in the order of the import contract, each with the first sentence of its docstring.

    Args:
        root: The folder of the repository.
        package: The name of a package, such as `azure_devops_agents`.
    """
    folder = _folder(root, package)
    rows = [f"| `{_name(folder, path)}` | {_sentence(path)} |" for path in _rooms(root, package)]
    return "\n".join(["| room | what it holds |", "|---|---|", *rows])


def module_table(root: Path, package: str) -> str:
    """List every module of a package by its room, folded up on the page."""
    folder = _folder(root, package)
    rooms = [path for path in _rooms(root, package) if path.is_dir()]
    rows = [f"| `{_name(folder, path)}` | {_sentence(path)} |" for room in rooms for path in _contents(room)]
    title = f"<summary>Every module of <code>{package}</code></summary>"
    return "\n".join(["<details>", title, "", "| module | what it does |", "|---|---|", *rows, "", "</details>"])


def program_table(root: Path, folder: str) -> str:
    """List the programs of a folder, each with the first sentence of its docstring.

    Args:
        root: The folder of the repository.
        folder: The path of the folder, such as `agents/examples`.
    """
    programs = sorted((root / folder).glob("*.py"))
    rows = [f"| [`{path.name}`]({path.parent.name}/{path.name}) | {_sentence(path)} |" for path in programs]
    return "\n".join(["| program | what it shows |", "|---|---|", *rows])


def comparison(root: Path, page: str) -> str:
    """Compare with the vendor's server what a model pays and what is lost, from the benchmarks that a page shows.

    Args:
        root: The folder of the repository.
        page: The path of the page with the table of the benchmarks.
    """
    rows = ["| | this package | the vendor's server |", "|---|---:|---:|"]
    for line in (root / page).read_text(encoding="utf-8").splitlines():
        what, measured, _, _, vendor, *_ = [cell.strip() for cell in line.strip("|").split("|")] + [""] * 5
        if measured.endswith((" tokens", " calls")) and vendor != "-":
            rows.append(f"| {what} | {measured.removesuffix(' calls')} | {vendor} |")
    return "\n".join(rows)


def _folder(root: Path, package: str) -> Path:
    found = [path for source in SOURCES if (path := root / source / package).is_dir()]
    if not found:
        raise LookupError(f"There is no package {package} in {', '.join(SOURCES)}.")
    return found[0]


def _rooms(root: Path, package: str) -> list[Path]:
    """List the packages and modules directly in a package, in the order of the import contract."""
    folder = _folder(root, package)
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py" and _sentence(path)]
    order = _layers(root, package)
    rooms = [*modules, *(path.parent for path in folder.glob("*/__init__.py"))]
    return sorted(rooms, key=lambda path: (_rank(order, path.stem), path.suffix, path.name))


def _contents(room: Path) -> Iterator[Path]:
    """List the packages and modules below a room, each package before its modules."""
    for path in sorted(room.iterdir()):
        if path.suffix == ".py" and path.name != "__init__.py":
            yield path
        elif (path / "__init__.py").exists():
            yield path
            yield from _contents(path)


def _name(folder: Path, path: Path) -> str:
    return f"{path.relative_to(folder).as_posix()}{'/' if path.is_dir() else ''}"


def _sentence(path: Path) -> str:
    """Return the first sentence of a module's or a package's docstring for the cell of a table."""
    file = path / "__init__.py" if path.is_dir() else path
    paragraph = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split("\n\n", 1)[0]
    return re.split(r"(?<=[.!?])\s", " ".join(paragraph.split()))[0].replace("|", "\\|")


def _layers(root: Path, package: str) -> list[str]:
    """Return the names of the rooms in the order of the import contract."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract.get("containers") == [package])
    return [name for layer in layers for name in re.split(r"[\s|:()]+", layer) if name]


def _rank(order: list[str], name: str) -> int:
    """Return the position of a room in the contract; entry points such as `__main__` come first."""
    return order.index(name) if name in order else -1
