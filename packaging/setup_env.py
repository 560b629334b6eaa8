"""Makes a virtual environment and installs PhiTune into it, with the versions that were tested together.

    python3 packaging/setup_env.py VENV [--test] [--deepspeed] [--cuda | --cpu]

Standard library only, and safe to run again: when nothing changed it returns at once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
CPU_SPACE, CUDA_SPACE = 4_000_000_000, 9_000_000_000  # bytes while installing: downloads and unpacked files together

# What pip says in its way -> what happened and what to do, in ours. The first that matches is told.
FAILURES = (
    ("No space left on device", "The disk is full. Free some gigabytes, or put the environment on another disk."),
    (
        "Temporary failure in name resolution|Name or service not known|getaddrinfo failed|NewConnectionError|Network is unreachable"
        "|Connection refused|Connection reset|ConnectTimeout|ReadTimeout|Read timed out|ProxyError|CERTIFICATE_VERIFY_FAILED",
        "No package index could be reached. Check the network or the proxy, or point pip at an index of yours (pip config set"
        " global.index-url ...), then run this again; what was loaded stays in pip's cache.",
    ),
    (
        "No matching distribution found",
        "A package has no build for this Python and system. PhiTune is tested with Python 3.11 on 64-bit Linux, Windows and macOS;"
        " try again with that Python.",
    ),
)


def main() -> int:
    """Each step says what it does; a step that cannot go on raises SystemExit with a sentence."""
    wanted = arguments()
    if sys.version_info < (3, 11):
        raise SystemExit(f"PhiTune needs Python 3.11 or newer; this is {platform.python_version()} ({sys.executable}).")
    venv = Path(wanted.venv).absolute()
    python = make_venv(venv)
    if is_in_place(venv, wanted):
        say(f"{wanted.venv} is up to date.")
        return 0
    check_space(venv, CUDA_SPACE if wanted.cuda else CPU_SPACE)
    mark(venv).unlink(missing_ok=True)
    if not wanted.cuda:
        install_cpu_torch(python)
    extras = [name for name in ("test", "deepspeed") if getattr(wanted, name)]
    say("Installing PhiTune and what it needs (some minutes; the downloads are kept in pip's cache) ...")
    pip(python, "install", "-c", CONSTRAINTS, "-e", f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT))
    mark(venv).write_text(json.dumps({"made_from": made_from(), "extras": extras}), encoding="utf-8")
    say(f"Done: {wanted.venv} takes {size_of(venv) / 1e9:.1f} GB. Start PhiTune with {command_of(wanted.venv)}")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make a virtual environment with PhiTune in it.")
    parser.add_argument("venv", metavar="VENV", help="folder of the environment, made when it is not there")
    parser.add_argument("--test", action="store_true", help="also install what the checks need")
    parser.add_argument("--deepspeed", action="store_true", help="also build DeepSpeed (Linux)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--cuda", action="store_true", default=None, help="take torch as the index serves it (CUDA on Linux)")
    which.add_argument("--cpu", dest="cuda", action="store_false", help="take a CPU build of torch where one can be had")
    wanted = parser.parse_args()
    if wanted.cuda is None:
        wanted.cuda = has_nvidia_gpu()
    return wanted


def has_nvidia_gpu() -> bool:
    if shutil.which("nvidia-smi") is None:
        return False
    return subprocess.run(["nvidia-smi", "-L"], capture_output=True, check=False).returncode == 0


def make_venv(venv: Path) -> Path:
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if works(python):
        return python
    say(f"Making the virtual environment {venv} with Python {platform.python_version()} ...")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=False)
    if made.returncode != 0 or not works(python):
        raise SystemExit("Python could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv")
    return python


def works(python: Path) -> bool:
    return python.exists() and subprocess.run([str(python), "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def is_in_place(venv: Path, wanted: argparse.Namespace) -> bool:
    try:
        found = json.loads(mark(venv).read_text(encoding="utf-8"))
        needed = {name for name in ("test", "deepspeed") if getattr(wanted, name)}
        return bool(found["made_from"] == made_from() and needed <= set(found["extras"]))
    except (OSError, ValueError, KeyError):
        return False


def mark(venv: Path) -> Path:
    return venv / "phitune-setup.json"


def made_from() -> str:
    """Changes when a version, a dependency, the interpreter or the place of the sources does."""
    contents = hashlib.sha256(f"{sys.version}\n{ROOT}\n".encode())
    for source in (CONSTRAINTS, ROOT / "pyproject.toml"):
        contents.update(source.read_bytes())
    return contents.hexdigest()


def check_space(venv: Path, needed: int) -> None:
    free = shutil.disk_usage(venv).free
    if free < needed:
        say(f"Note: {free / 1e9:.1f} GB are free and about {needed / 1e9:.0f} GB are needed; this may fill the disk.")


def install_cpu_torch(python: Path) -> None:
    """On Linux the index serves torch with CUDA (gigabytes); a CPU build comes from a folder pip knows, else by uv, else not."""
    if sys.platform != "linux":
        return  # what the index serves elsewhere is a CPU build already
    if run([str(python), "-m", "pip", "install", "-q", "--no-index", "--no-deps", "-c", str(CONSTRAINTS), "torch"]):
        say("torch: a build that lies on this machine is used.")
    elif uv_installs_cpu_torch(python):
        say("torch: the CPU build is used.")
    else:
        say("torch: no CPU build can be reached, so the index's CUDA build is taken (about 3 GB to load, 6 GB on the disk).")


def uv_installs_cpu_torch(python: Path) -> bool:
    """uv knows where CPU builds are served; it is used from a temporary folder and does not stay."""
    with tempfile.TemporaryDirectory() as folder:
        if not run([str(python), "-m", "pip", "install", "-q", "--target", folder, "-c", str(CONSTRAINTS), "uv"]):
            return False
        uv = Path(folder) / "bin" / "uv"
        command = [str(uv), "pip", "install", "-q", "--python", str(python), "--torch-backend", "cpu", "-c", str(CONSTRAINTS), "torch"]
        return run(command, UV_HTTP_TIMEOUT="20", UV_HTTP_RETRIES="1")


def run(command: list[str], **environment: str) -> bool:
    """An attempt that may fail without a word, because the next way is tried."""
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=False).returncode == 0


def pip(python: Path, *arguments: object) -> None:
    """Runs pip, shows what is new in its words, and turns a failure into a sentence."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith(("Collecting ", "Building ", "Installing ", "ERROR")):
                print("  " + line.rstrip()[:160], flush=True)
    if process.returncode != 0:
        raise SystemExit(explain("".join(lines)))


def explain(words_of_pip: str) -> str:
    """pip's last lines stay visible: they name the package."""
    tail = "".join(words_of_pip.splitlines(keepends=True)[-8:])
    for pattern, sentence in FAILURES:
        if re.search(pattern, words_of_pip):
            return f"{tail}\n{sentence}"
    return f"{tail}\npip could not install PhiTune; its last words are above. Mend what they name and run this again."


def size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


def command_of(venv: str) -> str:
    return str(Path(venv) / ("Scripts/phitune.exe" if os.name == "nt" else "bin/phitune"))


def say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
