"""Runs every check there is, in order: format, lint, types, layers, tests. Extra arguments go to pytest."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
CHECKS: dict[str, list[str]] = {
    "format": [PYTHON, "-m", "ruff", "format", "--check", "."],
    "lint": [PYTHON, "-m", "ruff", "check", "."],
    "types": [PYTHON, "-m", "mypy"],
    "layers": [PYTHON, "-c", "import importlinter.cli as cli; cli.lint_imports_command()", "--no-cache", "--no-logo"],
    "tests": [PYTHON, "-m", "pytest", *sys.argv[1:]],
}


def main() -> int:
    """All of them run, so that one look shows all that is wrong; the exit code is that of the first that failed."""
    outcomes = {name: run(name, command) for name, command in CHECKS.items()}
    print("\n" + ", ".join(f"{name}: {'ok' if code == 0 else f'failed ({code})'}" for name, code in outcomes.items()))
    return next((code for code in outcomes.values() if code != 0), 0)


def run(name: str, command: list[str]) -> int:
    print(f"\n== {name}: {' '.join(Path(command[0]).name if word == command[0] else word for word in command)}", flush=True)
    began = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    print(f"== {name}: {'ok' if code == 0 else f'failed ({code})'} after {time.monotonic() - began:.0f} s", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
