"""`azure-devops-evals`, also as `python -m azure_devops_evals`."""

import importlib.util
import sys


def main() -> None:
    """Run the command line, or say which extra brings it."""
    if importlib.util.find_spec("click") is None:
        print(
            "azure-devops-evals needs the extra 'evals': pip install 'langchain-azure-devops[evals]'", file=sys.stderr
        )
        sys.exit(1)
    from azure_devops_evals.cli.main import main as run  # noqa: PLC0415 - only after it is known that it can be imported

    run()


if __name__ == "__main__":
    main()
