"""The count of operations for the summary of a test run."""

from collections import Counter
from collections.abc import Iterable

from contract_specs import Operation

from azure_devops_simulator.api.routing import Route

TITLE = "operations of the simulator"


def lines_of(
    routes: Iterable[Route], succeeded: set[Route], failed: set[Route], known: Iterable[Operation]
) -> list[str]:
    """One line for each area: operations implemented, driven to success and to an error, and in the contract (7.1)."""
    described = Counter(operation.area for operation in known)
    areas: dict[str, list[Route]] = {}
    for route in routes:
        areas.setdefault(route.area, []).append(route)
    lines = [f"{'area':<12}{'implemented':>12}{'tested':>8}{'error tested':>14}{'in the contract':>17}"]
    every = [route for rows in areas.values() for route in rows]
    for area, rows in [*areas.items(), ("total", every)]:
        tested, refused = len(succeeded.intersection(rows)), len(failed.intersection(rows))
        names = areas.keys() if area == "total" else {area}
        contract = sum(described[name] for name in names)
        lines.append(f"{area:<12}{len(rows):>12}{tested:>8}{refused:>14}{contract:>17}")
    return lines
