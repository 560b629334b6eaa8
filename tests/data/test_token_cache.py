"""The kept tokens are those that were made, are made again for any other question or damage, and outlive what happens to the source."""

import errno
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSection, ModelSection, Recipe
from phitune_gui.data import token_cache
from phitune_gui.data.doctor import examine
from phitune_gui.data.inspection import inspect
from phitune_gui.data.requests import InspectRequest
from phitune_gui.data.split import Places
from phitune_gui.data.token_cache import tokens_of
from phitune_gui.data.token_files import KEPT_LETTERS, TOKENS_FILE, StoredRows, TokenWriter, write_numbers
from phitune_gui.data.token_key import token_key
from phitune_gui.data.tokens import Encoded, TokenRow
from phitune_gui.data.training_rows import training_rows
from phitune_gui.files.lock import Lock
from tests.data.conftest import SectionOf, WriteData

ROW = st.lists(st.tuples(st.integers(0, 2**31 - 1), st.booleans()), max_size=20)


def lines(count: int, answer: str = "yes") -> str:
    return "".join(json.dumps({"question": f"Question {number}?", "answer": answer}) + "\n" for number in range(count))


def entries(home: Path) -> list[Path]:
    return [entry for entry in (home / "cache" / "tokens").iterdir() if entry.is_dir()]


def rows_of(data: DataSection, model: BaseModel) -> list[Encoded]:
    rows = training_rows(Recipe(model=ModelSection(path=model.path), data=data), model)
    return [*rows.train, *rows.validation]


@given(st.lists(ROW, max_size=30), st.text(max_size=5), st.integers(1, 40))
def test_rows_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[tuple[int, bool]]], text: str, often: int
) -> None:
    folder = tmp_path_factory.mktemp("tokens")
    encoded = [Encoded([id for id, _ in row], [learned for _, learned in row], text * number) for number, row in enumerate(rows)]
    with TokenWriter(folder) as writer:
        for number, each in enumerate(encoded):
            spans = [(at, at + 1) for at, learned in enumerate(each.learned) if learned]
            writer.add(TokenRow(each.ids, spans, each.text))
            if number % often == 0:
                writer.flush()
    write_numbers(folder, "all", np.arange(len(rows)))
    write_numbers(folder, "backwards", np.arange(len(rows))[::-1])

    stored = StoredRows(folder, "all")
    assert [*stored] == encoded
    assert stored[1:3] == encoded[1:3]
    assert [*StoredRows(folder, "backwards")] == encoded[::-1]
    assert len(stored) == len(rows)


def test_training_gets_what_the_doctor_looked_at_and_a_second_time_reads_no_row(
    write: WriteData, section: SectionOf, tiny_model: BaseModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = section(
        write("a.jsonl", lines(40, "yes and no") + lines(3, "yes and no")),
        validation=write("b.jsonl", lines(7, "no and yes") + "broken"),
        max_length=18,
    )
    made: list[TokenRow] = []

    class Listed:
        def add(self, row: TokenRow) -> None:
            made.append(row)

    examined = examine(data, tiny_model, 7, keep=Listed())
    report = inspect(InspectRequest(data=data, model=tiny_model))
    monkeypatch.setattr(token_cache, "examine", None)
    tokens = tokens_of(data, tiny_model, 7, thoroughly=True)

    assert tokens.report == report == examined.report
    for kept, numbers in ((tokens.train, examined.train), (tokens.validation, examined.validation)):
        assert kept is not None
        assert [*kept] == [made[number].encoded() for number in numbers]
    assert (len(examined.train), len(examined.validation), report.truncated) == (40, 7, 47)


@pytest.mark.parametrize("change", ["row", "setting", "seed", "template", "markers"])
def test_any_other_question_has_another_answer(
    write: WriteData, section: SectionOf, tiny_model: BaseModel, tiny_folder: Path, tmp_path: Path, change: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for file in tiny_folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    model, path, seed = tiny_model.model_copy(update={"path": str(folder)}), write("a.jsonl", lines(20)), 7
    data = section(path)
    before = token_key(data, model, seed)
    assert token_key(data, model, seed) == before
    stamp = path.stat()
    match change:
        case "row":
            path.write_text(lines(20).replace("yes", "yep", 1))
            os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
            assert path.stat().st_size == stamp.st_size
        case "setting":
            data = section(path, max_length=99)
        case "seed":
            seed = 8
        case "template":
            (folder / "chat_template.jinja").write_text("{{ messages[0].content }}")
        case "markers":
            model = model.model_copy(update={"folds_system": True})

    assert token_key(data, model, seed) != before


def test_a_source_that_is_edited_cut_off_or_gone_changes_no_row_of_a_run(
    write: WriteData, section: SectionOf, tiny_model: BaseModel
) -> None:
    path = write("a.jsonl", lines(50))
    data = section(path, percent=0)
    rows = tokens_of(data, tiny_model, 7).train
    assert rows is not None
    before = [*rows]

    path.write_text(lines(50, "something else"))
    assert [*rows] == before
    os.truncate(path, 100)
    assert [*rows] == before
    path.unlink()
    assert [*rows] == before


@pytest.mark.parametrize("damage", ["shorter", "gone", "manifest", "bit"])
def test_a_damaged_copy_is_made_again(write: WriteData, section: SectionOf, tiny_model: BaseModel, own_home: Path, damage: str) -> None:
    data = section(write("a.jsonl", lines(30)))
    before = rows_of(data, tiny_model)
    (entry,) = entries(own_home)
    tokens = entry / "tokens.u32"
    match damage:
        case "shorter":
            os.truncate(tokens, tokens.stat().st_size - 4)
        case "gone":
            (entry / "train.i64").unlink()
        case "manifest":
            (entry / "MANIFEST.sha256").unlink()
        case "bit":
            content = bytearray(tokens.read_bytes())
            content[8] ^= 1
            tokens.write_bytes(content)

    assert rows_of(data, tiny_model) == before
    assert entries(own_home) == [entry]


def test_the_copies_used_longest_ago_make_room(
    write: WriteData, section: SectionOf, tiny_model: BaseModel, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sections = [section(write(f"{number}.jsonl", lines(100, f"answer {number}"))) for number in range(4)]
    for number, each in enumerate(sections[:3]):
        rows_of(each, tiny_model)
        for entry in entries(own_home):
            os.utime(entry / "report.json", (number + 1, number + 1)) if entry.name == token_key(each, tiny_model, 7) else None
    one = sum(file.stat().st_size for file in entries(own_home)[0].iterdir())
    rows_of(sections[0], tiny_model)
    monkeypatch.setattr(token_cache, "MOST_BYTES", int(2.5 * one))

    rows_of(sections[3], tiny_model)

    assert {entry.name for entry in entries(own_home)} == {token_key(sections[number], tiny_model, 7) for number in (0, 3)}
    assert {lock.stem for lock in (own_home / "cache" / "tokens").glob("*.lock")} <= {entry.name for entry in entries(own_home)}


def test_a_source_that_changes_while_it_is_read_is_looked_at_but_no_run_learns_from_it(
    write: WriteData, section: SectionOf, tiny_model: BaseModel, own_home: Path
) -> None:
    path = write("a.jsonl", lines(1000))
    data = section(path)

    def meddle(_share: float, rows: int) -> None:
        if rows:
            with path.open("a") as file:
                file.write(lines(1, f"new {path.stat().st_size}"))

    with pytest.raises(CannotStart, match="was changed while it was read"):
        training_rows(Recipe(model=ModelSection(path=tiny_model.path), data=data), tiny_model, meddle)
    assert inspect(InspectRequest(data=data, model=tiny_model), meddle).rows >= 1000
    assert not entries(own_home)


@pytest.fixture
def refusing(own_home: Path) -> Callable[[], None]:
    """Makes the place of the copies one in which nothing can be made, also for root."""

    def refuse() -> None:
        own_home.joinpath("cache").write_text("a file, no folder")

    return refuse


def test_where_no_copy_can_be_kept_the_doctor_answers_and_training_says_why(
    write: WriteData, section: SectionOf, tiny_model: BaseModel, refusing: Callable[[], None]
) -> None:
    data = section(write("a.jsonl", lines(30)))
    refusing()

    assert inspect(InspectRequest(data=data, model=tiny_model)).kept == 30
    with pytest.raises(CannotStart, match=r"tokens of the data cannot be kept in .*tokens: ") as refused:
        rows_of(data, tiny_model)
    assert "Free some space" in refused.value.problem.how_to_fix


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_remembered_and_ends_no_examination(tmp_path: Path) -> None:
    (tmp_path / TOKENS_FILE).symlink_to("/dev/full")

    with TokenWriter(tmp_path) as writer:
        for _ in range(3):
            writer.add(TokenRow([1, 2] * 10_000, [(0, 1)], "a"))
            writer.flush()

    assert writer.failure is not None
    assert writer.failure.errno == errno.ENOSPC


def test_one_process_makes_the_copy_while_others_wait_for_it(
    write: WriteData, section: SectionOf, tiny_model: BaseModel, own_home: Path
) -> None:
    data = section(write("a.jsonl", lines(30)))
    key = token_key(data, tiny_model, 7)
    folder = own_home / "cache" / "tokens"
    folder.mkdir(parents=True)
    lock, ticks = Lock(folder / f"{key}.lock"), list[float]()
    assert lock.acquire()

    def let_go() -> None:
        while len(ticks) < 4:
            time.sleep(0.01)
        lock.release()

    other = threading.Thread(target=let_go)
    other.start()
    tokens = tokens_of(data, tiny_model, 7, lambda share, rows: ticks.append(rows))
    other.join()

    assert tokens.train is not None
    assert len(ticks) >= 4


def test_long_texts_are_kept_as_far_as_they_are_compared(write: WriteData, section: SectionOf, tiny_model: BaseModel) -> None:
    data = section(write("a.jsonl", lines(1, "é" * 3000)), percent=0)

    (row,) = rows_of(data, tiny_model)

    assert len(row.text) == KEPT_LETTERS
    assert row.text.endswith("é")


def test_all_rows_of_nothing_are_none(tmp_path: Path) -> None:
    with TokenWriter(tmp_path):
        pass
    nothing: Places = np.zeros(0, np.int64)
    write_numbers(tmp_path, "none", nothing)

    assert [*StoredRows(tmp_path, "none")] == []
