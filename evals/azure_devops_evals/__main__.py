"""`azure-devops-evals`, also as `python -m azure_devops_evals`."""

import sys

from langchain_azure_devops.extras import describe_missing


def main() -> None:
    """Run the command line, or say which extra brings it."""
    try:
        import click  # noqa: F401, PLC0415 - every module of the command line needs it
    except ModuleNotFoundError:
        sys.exit(describe_missing("click", "evals"))
    from azure_devops_evals.cli.main import main as run  # noqa: PLC0415 - only after it is known that it can be imported

    run()


if __name__ == "__main__":
    main()
