"""What an export does to the disk: it appears whole, replaces exports and nothing else, and a stop leaves everything as it was."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import peft
import pytest
import torch
from transformers import Phi3ForCausalLM

from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import ExportJob, StopRequest, TrainJob, job_from_json
from phitune_gui.core.names import ADAPTER_FOLDER, EXPORT_MANIFEST, JOB_FILE
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import ExportSection, ValidationSection
from phitune_gui.data.training_rows import training_rows
from phitune_gui.engine import export
from phitune_gui.engine.compared_rows import keep_compared_rows
from phitune_gui.engine.model import load_base
from phitune_gui.engine.run_source import read_run
from phitune_gui.files.manifest import hash_file
from tests.engine.conftest import Notebook, in_folder

pytestmark = pytest.mark.engine


def _job(run: Path, target: str, out: Path) -> ExportJob:
    return ExportJob(run=str(run), target=target, out=str(out))


def _contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in folder.rglob("*") if path.is_file()}


def _with_recipe(trained: Notebook, folder: Path, change: Callable[[TrainJob], TrainJob]) -> Path:
    """The same run, as if it had been made by a slightly other recipe."""
    job = job_from_json((trained.folder / JOB_FILE).read_bytes())
    assert isinstance(job, TrainJob)
    in_folder(change(job), folder)
    shutil.copytree(trained.folder / ADAPTER_FOLDER, folder / ADAPTER_FOLDER)
    return folder


def test_a_new_export_replaces_the_old_one_as_a_whole(trained: Notebook, exported: Notebook, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(exported.folder / "out", out)
    (out / "left over.txt").write_text("from the old one", "utf-8")

    ending = export.run_export(_job(trained.folder, "adapter", out), Notebook(tmp_path))

    manifest = json.loads((out / EXPORT_MANIFEST).read_text("utf-8"))
    assert manifest["target"] == "adapter"
    assert manifest["files"] == {name: digest for name, digest in _contents(out).items() if name != EXPORT_MANIFEST}
    assert not (out / "left over.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert ending.artifacts == {"export": str(out)}


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_is_no_export_is_never_replaced(trained: Notebook, tmp_path: Path, is_folder: bool) -> None:
    out = tmp_path / "my documents"
    letter = out / "letter.txt" if is_folder else out
    letter.parent.mkdir(exist_ok=True)
    letter.write_text("Dear Ada", "utf-8")

    with pytest.raises(CannotStart, match="is no export of PhiTune, so it is not replaced"):
        export.run_export(_job(trained.folder, "adapter", out), Notebook(tmp_path))

    assert letter.read_text("utf-8") == "Dear Ada"


def test_an_empty_folder_may_be_chosen(trained: Notebook, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    export.run_export(_job(trained.folder, "adapter", tmp_path / "out"), Notebook(tmp_path))

    assert (tmp_path / "out" / "adapter_model.safetensors").is_file()


@pytest.mark.parametrize("look", [1, 2, 3])
def test_a_stop_at_any_time_leaves_the_old_export_as_it_was(trained: Notebook, tmp_path: Path, look: int) -> None:
    out = tmp_path / "out"
    export.run_export(_job(trained.folder, "adapter", out), Notebook(tmp_path))
    before = _contents(out)
    looks = iter(range(1, 10))
    stop = StopRequest(request="stop", id="now", at=0.0)
    notebook = Notebook(tmp_path, lambda _step: [stop] if next(looks) == look else [])

    ending = export.run_export(_job(trained.folder, "onnx-cpu-fp32", out), notebook)

    assert ending == e.JobFinished(stopped_early=True)
    assert [event.id for event in notebook.all(e.Acknowledged)] == ["now"]
    assert notebook.all(e.Exported) == []
    assert _contents(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_failure_in_the_middle_leaves_nothing_either(trained: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_what: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "write_export_texts", full_disk)

    with pytest.raises(OSError, match="No space left"):
        export.run_export(_job(trained.folder, "onnx-cpu-fp32", tmp_path / "out"), Notebook(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_an_exported_adapter_is_the_trained_one_without_the_runs_own_list_of_files(
    trained: Notebook, model: BaseModel, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export.run_export(_job(trained.folder, "adapter", out), Notebook(tmp_path))

    ids = torch.arange(20, 60)[None]
    with torch.inference_mode():
        tuned, again = (
            peft.PeftModel.from_pretrained(load_base(model, torch.float32), folder)(input_ids=ids).logits
            for folder in (trained.folder / ADAPTER_FOLDER, out)
        )
    assert torch.equal(tuned, again)
    assert not (out / "MANIFEST.sha256").exists()
    assert "PEFT adapter" in (out / "README.md").read_text("utf-8")


def test_a_merged_model_answers_as_base_and_adapter_and_carries_the_licence(trained: Notebook, model: BaseModel, tmp_path: Path) -> None:
    out = tmp_path / "out"
    licence = Path(model.path) / "LICENSE"
    licence.write_text("Do what you like.\n", "utf-8")
    try:
        export.run_export(_job(trained.folder, "merged", out), Notebook(tmp_path))
    finally:
        licence.unlink()

    ids = torch.arange(20, 60)[None]
    tuned = peft.PeftModel.from_pretrained(load_base(model, torch.float32), trained.folder / ADAPTER_FOLDER)
    with torch.inference_mode():
        difference = (Phi3ForCausalLM.from_pretrained(out)(ids).logits - tuned(input_ids=ids).logits).abs().max().item()
    assert difference < 1e-4
    assert (out / "LICENSE").read_text("utf-8") == "Do what you like.\n"
    assert (out / "tokenizer.json").read_bytes() == (Path(model.path) / "tokenizer.json").read_bytes()


def test_a_merged_model_in_sixteen_bits_is_measured_as_it_was_saved(trained: Notebook, tmp_path: Path) -> None:
    def in_bfloat16(job: TrainJob) -> TrainJob:
        return job.model_copy(update={"recipe": job.recipe.model_copy(update={"export": ExportSection(dtype="bfloat16")})})

    run, out = _with_recipe(trained, tmp_path / "run", in_bfloat16), tmp_path / "out"
    notebook = Notebook(tmp_path)

    export.run_export(_job(run, "merged", out), notebook)

    report = notebook.all(e.Verified)[0].report
    assert report.precision == "bfloat16"
    assert 1e-4 < report.max_logit_difference < 1
    assert report.top1 >= 0.9
    assert json.loads((out / "config.json").read_text("utf-8"))["dtype"] == "bfloat16"


def test_without_held_out_rows_learned_ones_are_compared_and_that_is_said(trained: Notebook, tmp_path: Path) -> None:
    def nothing_held_out(job: TrainJob) -> TrainJob:
        data = job.recipe.data.model_copy(update={"validation": ValidationSection(percent=0)})
        return job.model_copy(update={"recipe": job.recipe.model_copy(update={"data": data})})

    run = _with_recipe(trained, tmp_path / "run", nothing_held_out)
    job = read_run(run).job
    keep_compared_rows(run, training_rows(job.recipe, job.base_model))
    notebook = Notebook(tmp_path)

    export.run_export(_job(run, "merged", tmp_path / "out"), notebook)

    assert "rows that were learned" in notebook.all(e.Warned)[0].message
    report = notebook.all(e.Verified)[0].report
    assert report.verified
    assert report.texts == 24
    assert "training texts" in report.why


def test_texts_as_long_as_the_models_context_can_be_compared(trained: Notebook, tmp_path: Path) -> None:
    rows = tmp_path / "long.jsonl"
    answers = [f"{number} " + "word after word " * 80 for number in range(10)]
    rows.write_text("".join(json.dumps({"question": "Long?", "answer": answer}) + "\n" for answer in answers), "utf-8")

    def as_long_as_it_goes(job: TrainJob) -> TrainJob:
        source = job.recipe.data.sources[0].model_copy(update={"path": str(rows)})
        data = job.recipe.data.model_copy(update={"sources": (source,), "max_length": job.base_model.context})
        return job.model_copy(update={"recipe": job.recipe.model_copy(update={"data": data})})

    run = _with_recipe(trained, tmp_path / "run", as_long_as_it_goes)
    notebook = Notebook(tmp_path)

    export.run_export(_job(run, "onnx-cpu-fp32", tmp_path / "out"), notebook)

    report = notebook.all(e.Verified)[0].report
    assert report.verified, report.why
    assert report.positions > 400


def test_an_unknown_target_is_refused(trained: Notebook, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="There is no export target 'gguf'"):
        export.run_export(_job(trained.folder, "gguf", tmp_path / "out"), Notebook(tmp_path))


def test_damaged_trained_weights_are_refused_before_anything_is_built(trained: Notebook, tmp_path: Path) -> None:
    run = _with_recipe(trained, tmp_path / "run", lambda job: job)
    weights = run / ADAPTER_FOLDER / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\x00\x00\x00\x01")

    with pytest.raises(CannotStart, match="was changed or damaged"):
        export.run_export(_job(run, "auto", tmp_path / "out"), Notebook(tmp_path))

    assert [path.name for path in tmp_path.iterdir()] == ["run"]
