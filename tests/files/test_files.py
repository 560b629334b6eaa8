"""Bytes reach the disk whole or not at all."""

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from phitune_gui.files.atomic import fsync_tree, staged_folder, sweep, sweep_abandoned, work_folder, write_text
from phitune_gui.files.lines import LineAppender, LineTail
from phitune_gui.files.lock import Lock, is_held
from phitune_gui.files.manifest import MANIFEST_FILE, looks_whole, verify_manifest, write_manifest


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_and_nothing_else_stays(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "old")
    write_text(tmp_path / "a", "new")

    assert (tmp_path / "a").read_text("utf-8") == "new"
    assert _names(tmp_path) == ["a"]


def test_a_staged_folder_appears_only_when_its_block_ends_well(tmp_path: Path) -> None:
    final = tmp_path / "out"
    with staged_folder(final) as staging:
        (staging / "model").write_text("1", "utf-8")
        assert not final.exists()

    assert (final / "model").read_text("utf-8") == "1"
    assert _names(tmp_path) == ["out"]


def test_a_folder_becomes_durable_where_only_handles_that_may_write_can_be_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")
    synced: list[int] = []

    def windows_fsync(handle: int) -> None:
        mode = os.fstat(handle).st_mode
        if stat.S_ISREG(mode):
            if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
                raise OSError(errno.EBADF, "Bad file descriptor")
            synced.append(mode)

    monkeypatch.setattr(os, "fsync", windows_fsync)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a").touch()
    (tmp_path / "locked").touch(mode=0o400)

    fsync_tree(tmp_path)

    assert len(synced) == 2
    assert stat.S_IMODE((tmp_path / "locked").stat().st_mode) == 0o400


def test_a_failing_block_leaves_the_old_folder(tmp_path: Path) -> None:
    final = tmp_path / "out"
    with staged_folder(final) as staging:
        (staging / "model").write_text("old", "utf-8")

    with pytest.raises(RuntimeError), staged_folder(final) as staging:
        _half_write(staging)

    assert (final / "model").read_text("utf-8") == "old"
    assert _names(tmp_path) == ["out"]


def _half_write(staging: Path) -> None:
    (staging / "model").write_text("half", "utf-8")
    raise RuntimeError


KILLED_BETWEEN_THE_RENAMES = """
import os, signal, sys
from pathlib import Path
from phitune_gui.files.atomic import staged_folder
renames = []
rename = Path.rename
def counted(self, target):
    renames.append(target)
    if len(renames) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, target)
Path.rename = counted
with staged_folder(Path(sys.argv[1])) as staging:
    (staging / "model").write_text("new")
"""


@pytest.mark.parametrize("clear", [sweep, sweep_abandoned])
def test_a_kill_between_the_two_renames_loses_nothing(tmp_path: Path, clear: Callable[[Path], None]) -> None:
    final = tmp_path / "adapter"
    final.mkdir()
    (final / "model").write_text("old", "utf-8")
    killed = subprocess.run([sys.executable, "-c", KILLED_BETWEEN_THE_RENAMES, str(final)], check=False)
    assert killed.returncode == -9
    assert not final.exists()

    clear(tmp_path)

    assert (final / "model").read_text("utf-8") == "old"
    assert _names(tmp_path) == ["adapter"]


def test_what_was_replaced_already_is_not_put_back(tmp_path: Path) -> None:
    for name in (".replaced-1-ab/out", ".trash-1-cd/other", "out"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "out" / "new").touch()

    sweep(tmp_path)

    assert _names(tmp_path) == ["out"]
    assert _names(tmp_path / "out") == ["new"]


def test_a_rename_that_fails_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    final = tmp_path / "out"
    final.mkdir()
    (final / "model").write_text("old", "utf-8")
    rename = Path.rename

    def refused(self: Path, target: Path) -> Path:
        if self.name.startswith(".staging-"):
            raise PermissionError
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(PermissionError), staged_folder(final):
        pass

    assert (final / "model").read_text("utf-8") == "old"
    assert _names(tmp_path) == ["out"]


def test_sweep_takes_what_a_killed_writer_left_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".staging-1").mkdir()
    (tmp_path / ".staging-1" / "x").touch()
    (tmp_path / ".trash-2").touch()
    (tmp_path / ".other").touch()
    (tmp_path / "kept").touch()

    sweep(tmp_path)

    assert _names(tmp_path) == [".other", "kept"]


def test_only_the_staging_of_dead_processes_is_abandoned(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    (tmp_path / f".staging-{10**30}-ab").mkdir()
    dead, alive, kept = (tmp_path / f".staging-{name}" for name in (f"{child.pid}-ab", f"{os.getpid()}-cd", "notes"))
    for folder in (dead, alive, kept):
        folder.mkdir()

    sweep_abandoned(tmp_path)
    assert _names(tmp_path) == sorted([alive.name, kept.name])

    with work_folder(tmp_path / "out") as work:
        (work / "x").touch()
    assert not work.exists()


def test_a_tail_waits_for_the_end_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    tail = LineTail(path)
    assert tail.read() == []

    path.write_bytes(b"one\ntw")
    assert tail.read() == [b"one"]
    with path.open("ab") as file:
        file.write(b"o\n\nthree\n")

    assert tail.read() == [b"two", b"three"]


def test_an_appender_never_glues_its_line_to_a_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b'{"torn":')

    appender = LineAppender(path)
    appender.append(b"whole\n")
    appender.close()

    assert LineTail(path).read() == [b'{"torn":', b"whole"]


def test_a_disk_that_fills_up_within_a_line_costs_that_line_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room, write = [10], os.write

    def until_full(handle: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(handle, data[: min(room[0], 4)])
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", until_full)
    reserve = tmp_path / "reserve"
    reserve.touch()
    appender = LineAppender(tmp_path / "lines", reserve)
    appender.append(b"one\n")
    with pytest.raises(OSError, match="space"):
        appender.append(b"two is longer\n")
    unlink = Path.unlink

    def freed(self: Path, missing_ok: bool = False) -> None:
        unlink(self, missing_ok=missing_ok)
        room[0] = 1000

    monkeypatch.setattr(Path, "unlink", freed)
    appender.append_last(b"three\n")
    appender.close()

    assert LineTail(tmp_path / "lines").read() == [b"one", b"two is", b"three"]
    assert not reserve.exists()


def test_a_lock_is_held_once_and_given_back(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    lock = Lock(path)
    assert not is_held(path)

    assert lock.acquire()
    assert is_held(path)
    lock.release()

    assert not is_held(path)


def test_a_manifest_finds_changed_and_missing_files(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1", "utf-8")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b").write_text("2", "utf-8")
    write_manifest(tmp_path)
    assert verify_manifest(tmp_path) == []

    (tmp_path / "a").write_text("X", "utf-8")
    (tmp_path / "deep" / "b").unlink()

    changed, missing = verify_manifest(tmp_path)
    assert "a" in changed
    assert "changed or damaged" in changed
    assert "deep/b is missing" in missing


def test_a_folder_looks_whole_while_every_file_has_its_size(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", "utf-8")
    (tmp_path / "weights").write_bytes(bytes(1000))
    assert not looks_whole(tmp_path)

    write_manifest(tmp_path)
    assert looks_whole(tmp_path)

    (tmp_path / "weights").write_bytes(bytes(999))
    assert not looks_whole(tmp_path)

    (tmp_path / "weights").unlink()
    assert not looks_whole(tmp_path)


def test_a_manifest_without_sizes_still_counts(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(bytes(1000))
    write_manifest(tmp_path)
    listed = [line for line in (tmp_path / MANIFEST_FILE).read_text("utf-8").splitlines() if not line.startswith("#")]
    (tmp_path / MANIFEST_FILE).write_text("\n".join(listed) + "\n", "utf-8")

    assert verify_manifest(tmp_path) == []
    assert looks_whole(tmp_path)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="the system has no sha256sum")
def test_the_systems_own_program_reads_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(bytes(1000))
    write_manifest(tmp_path)

    checked = subprocess.run(["sha256sum", "--strict", "-c", MANIFEST_FILE], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "weights: OK\n", "")
