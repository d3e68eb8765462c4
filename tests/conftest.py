"""Makes the test folders' own modules importable by their plain names."""

import sys
from pathlib import Path

for folder in ("toolkit", "toolkit/text", "simulator", "simulator/clients", "simulator/contract", "agents", "evals"):
    sys.path.insert(0, str(Path(__file__).parent / folder))
