"""Takes files between processes that see different disks: a checkpoint to everybody, random numbers to the first process."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from phitune_gui.engine.ranks import Ranks


def share_folder(folder: Path, ranks: Ranks, writes: bool) -> None:
    """Make the flat `folder` of the first process appear, file by file, in the processes that `writes`; all return when it is there."""
    names = ranks.told(sorted(path.name for path in folder.iterdir() if path.is_file()) if ranks.leads else None)
    if writes:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name in names:
        data = ranks.sent((folder / name).read_bytes() if ranks.leads else b"")
        if writes and Path(name).name == name:
            (folder / name).write_bytes(data)
    ranks.wait()


def bring_files(write: Callable[[Path], None], folder: Path, ranks: Ranks) -> None:
    """What `write` puts into a folder, from every process into the first one's `folder`."""
    with tempfile.TemporaryDirectory(prefix="phitune-") as own:
        write(Path(own))
        files = {path.name: path.read_bytes() for path in Path(own).iterdir()}
    for brought in _files_of_all(files, ranks):
        for name, data in brought.items() if ranks.leads else ():
            (folder / Path(name).name).write_bytes(data)


def _files_of_all(files: dict[str, bytes], ranks: Ranks) -> list[dict[str, bytes]]:
    head = json.dumps({name: len(data) for name, data in files.items()}).encode()
    heads, bodies = ranks.gathered(head), ranks.gathered(b"".join(files.values()))
    return [_split(json.loads(lengths), body) for lengths, body in zip(heads, bodies, strict=True)]


def _split(lengths: dict[str, int], body: bytes) -> dict[str, bytes]:
    files, at = {}, 0
    for name, length in lengths.items():
        files[name], at = body[at : at + length], at + length
    return files
