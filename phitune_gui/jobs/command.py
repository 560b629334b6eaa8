"""How a worker is started, from source or frozen, and the environment it gets."""

import os
import sys
from pathlib import Path

_PASSED_ON = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP", "TZ", "SHELL",
    "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES",
    "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "PHITUNE_HOME", "VIRTUAL_ENV", "PYTHONPATH",
    "CUDA_VISIBLE_DEVICES", "CUDA_HOME", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE",
)  # fmt: skip
_PACKAGE_INDEX = ("PIP_", "UV_")

_ALWAYS = {
    "PYTHONUTF8": "1",
    "PYTHONUNBUFFERED": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Nothing leaves the machine: no hub, no telemetry of any library, no silent conversion service.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "DISABLE_SAFETENSORS_CONVERSION": "1",
    "DO_NOT_TRACK": "1",
    "WANDB_MODE": "disabled",
    "ORT_DISABLE_TELEMETRY": "1",
    # torch's OpenMP spins while it waits, which makes a shared machine several times slower.
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_ARENA_MAX": "2",
}


def worker_command(what: str) -> list[str]:
    """The argument list that starts a worker on a job folder, or on the word `desk`."""
    return own_command("--worker", what)


def own_command(*arguments: str) -> list[str]:
    """The argument list that starts PhiTune once more, from source or frozen."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    # -P keeps the current folder, which may hold a stranger's files, out of the module search.
    return [sys.executable, "-P", "-m", "phitune_gui", *arguments]


def worker_environment(fetches: bool = False) -> dict[str, str]:
    """The worker's whole environment, built from an allow-list so that no secret of the person's shell reaches it.

    Only a job that `fetches` from the package index gets the settings of pip and uv.
    """
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    if fetches:
        kept |= {name: value for name, value in os.environ.items() if name.startswith(_PACKAGE_INDEX)}
    if not getattr(sys, "frozen", False):
        here = str(Path(__file__).resolve().parents[2])
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, (here, kept.get("PYTHONPATH"))))
    return {**kept, **_ALWAYS}
