"""A process may open as many files as the system allows, and goes on where it may not."""

import subprocess
import sys

import pytest

LIMITS = """
import resource, sys
from phitune_gui.engine.open_files import allow_all_open_files
hard = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
allow_all_open_files()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
files = [open("/dev/null") for _ in range(hard - 20)]
print(len(files))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_the_limit_is_raised_as_far_as_it_goes() -> None:
    done = subprocess.run([sys.executable, "-c", LIMITS, "300"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["300", "300", "280"]
