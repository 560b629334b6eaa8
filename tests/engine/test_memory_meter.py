"""The peak counts what is held, not the files that were only looked at while loading."""

import subprocess
import sys
from pathlib import Path

import pytest

from phitune_gui.engine.memory_meter import anonymous_bytes

BYTES = 150_000_000
SCRIPT = """
import mmap, sys
from phitune_gui.engine.memory_meter import MemoryMeter
with MemoryMeter() as meter:
    before = meter.now_and_peak()[0]
    with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        if sys.argv[2] == "looks":
            sum(view[place] for place in range(0, len(view), 4096))
        else:
            held = bytearray(view)
            import time; time.sleep(0.1)
            del held
print(meter.now_and_peak()[1] - before)
"""


@pytest.mark.engine
@pytest.mark.skipif(anonymous_bytes() is None, reason="this system does not tell files from memory")
@pytest.mark.parametrize(("does", "counts"), [("looks", False), ("holds", True)])
def test_mapped_files_do_not_count_and_copies_do(does: str, counts: bool, tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"1" * BYTES)
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(file), does], capture_output=True, text=True, check=True)
    assert (int(done.stdout) > 0.6 * BYTES) == counts
