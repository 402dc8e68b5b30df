"""Imported, it lets a benchmark that is run as a program import what the tests have in common."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
