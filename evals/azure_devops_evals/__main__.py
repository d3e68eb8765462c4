"""`azure-devops-evals`, also as `python -m azure_devops_evals`."""

import importlib.util
import sys

_NEEDED = ("click", "langgraph", "starlette", "dulwich", "lark", "vcr")


def main() -> None:
    """Start the command line, or say what has to be installed first."""
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        print(
            f"azure-devops-evals needs {', '.join(missing)}. Install the extra: "
            "pip install 'langchain-azure-devops[evals]'",
            file=sys.stderr,
        )
        sys.exit(2)
    from azure_devops_evals.cli.main import cli  # noqa: PLC0415 - only after it is known to be there

    cli(prog_name="azure-devops-evals")


if __name__ == "__main__":
    main()
