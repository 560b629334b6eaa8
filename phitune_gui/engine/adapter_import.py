"""Takes over an adapter that was made elsewhere: judged, tried, and copied into a run folder that appears whole or not at all."""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import peft
from safetensors.torch import save_file

from phitune_gui.catalog.techniques import options_for, technique
from phitune_gui.catalog.techniques.saved_shapes import saved_shapes
from phitune_gui.core.adapter import AdapterVerdict
from phitune_gui.core.events import AdapterImported, Event, JobFinished, StageBegan, event_to_line
from phitune_gui.core.job import ImportJob, TrainJob, job_to_json
from phitune_gui.core.names import ADAPTER_FOLDER, EVENTS_FILE, JOB_FILE
from phitune_gui.core.plan import Plan
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import ModelSection, Recipe
from phitune_gui.data.adapter_folder.files import CONFIG, WEIGHTS
from phitune_gui.data.adapter_folder.reading import AdapterFolder, read_adapter
from phitune_gui.data.adapter_folder.shapes import require_shapes
from phitune_gui.data.safetensors_header import read_header
from phitune_gui.engine.adapter_weights import effect, fits_memory, require_finite
from phitune_gui.engine.reporting import Reporter, Stopped, raise_when_stopped
from phitune_gui.engine.settled_ranks import as_plain_lora
from phitune_gui.engine.threads import use_threads
from phitune_gui.engine.tokenizer import copy_tokenizer
from phitune_gui.files.atomic import staged_folder, sweep_abandoned
from phitune_gui.files.lines import LineAppender
from phitune_gui.files.manifest import hash_file, write_manifest

NOTHING_LEARNED = "It changes nothing yet: the model answers as without it. It can be trained on."
UNTRIED = "The model is too large for the memory that is free, so the adapter was judged by its files and not tried."


Fill = Callable[[Path, Recipe, Plan], None]


def run_import(job: ImportJob, reporter: Reporter, fill: Fill) -> JobFinished:
    """Judge `job.source` and, where it can be used, make the run folder `job.out` of it. A refusal is a result and no failure.

    `fill` writes into a new run folder what every run begins with.
    """
    use_threads(None)
    reporter.emit(StageBegan(stage="verifying", detail=Path(job.source).name))
    try:
        verdict = _take_over(job, reporter, fill)
    except Stopped:
        return JobFinished(stopped_early=True)
    except CannotStart as refusal:
        why = refusal.problem
        verdict = AdapterVerdict(path=job.source, verdict="refused", reason=why.what, how_to_fix=why.how_to_fix)
    reporter.emit(AdapterImported(adapter=verdict))
    return JobFinished(results=verdict.model_dump(mode="json"))


def _take_over(job: ImportJob, reporter: Reporter, fill: Fill) -> AdapterVerdict:
    out = Path(job.out)
    if out.exists():
        raise CannotStart(str(out), f"The folder {out} is there already.", "Import the adapter again.")
    found = read_adapter(Path(job.source), job.base_model)
    sweep_abandoned(out.parent)
    with staged_folder(out) as staging:
        (staging / ADAPTER_FOLDER).mkdir()
        verdict = _judged_copy(job, found, staging / ADAPTER_FOLDER, reporter)
        _make_run(staging, job, verdict, fill)
    return verdict


def _judged_copy(job: ImportJob, found: AdapterFolder, folder: Path, reporter: Reporter) -> AdapterVerdict:
    """Copy what is used and judge the copy, so that what was judged is what is kept."""
    weights, where = folder / WEIGHTS, str(found.weights)
    if found.ranks is None:
        shutil.copyfile(found.weights, weights)
    else:
        save_file(as_plain_lora(found.weights, found.ranks), weights, metadata={"format": "pt"})
    header = read_header(weights)
    require_shapes(header, saved_shapes(found.technique, job.base_model), where)
    require_finite(weights, where)
    _write_config(found, job, folder)
    copy_tokenizer(Path(job.base_model.path), folder)
    (folder / "README.md").write_text(_readme(found, job), "utf-8")
    raise_when_stopped(reporter)
    notes = (*found.notes, *_tried(job, folder, where, reporter))
    write_manifest(folder)
    numbers = sum(tensor.numbers for tensor in header.tensors.values())
    return AdapterVerdict(
        path=job.source, verdict="usable", technique=found.technique, layers=found.layers, parameters=numbers,
        sha256=hash_file(weights), trained_on=found.trained_on, notes=notes, run=job.out,
    )  # fmt: skip


def _write_config(found: AdapterFolder, job: ImportJob, folder: Path) -> None:
    """Only words that were understood, so that nothing a stranger wrote is followed later."""
    words = technique(found.technique.id).peft_config(options_for(found.technique)) or {}
    config = {**words, "base_model_name_or_path": job.base_model.path, "inference_mode": True, "peft_version": peft.__version__}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def _readme(found: AdapterFolder, job: ImportJob) -> str:
    return f"# Imported into PhiTune\n\nAn adapter (PEFT format) for {job.base_model.name}, copied from `{found.path}`.\n"


def _tried(job: ImportJob, folder: Path, where: str, reporter: Reporter) -> tuple[str, ...]:
    if not fits_memory(job.base_model):
        return (UNTRIED,)
    reporter.emit(StageBegan(stage="loading", detail=job.base_model.name))
    return () if effect(job.base_model, folder, where) > 0 else (NOTHING_LEARNED,)


def _make_run(staging: Path, job: ImportJob, verdict: AdapterVerdict, fill: Fill) -> None:
    """What makes the folder a run: a recipe that trains the adapter on, the order, and events that say where it came from."""
    assert verdict.technique is not None
    out = Path(job.out)
    recipe = Recipe(
        name=Path(job.source).resolve().name[:80],
        model=ModelSection(path=job.base_model.path, adapter=str(out / ADAPTER_FOLDER)),
        technique=verdict.technique,
    )
    fill(staging, recipe, Plan())
    (staging / JOB_FILE).write_text(job_to_json(TrainJob(recipe=recipe, plan=Plan(), base_model=job.base_model)) + "\n", "utf-8")
    _write_events(staging / EVENTS_FILE, (AdapterImported(adapter=verdict), JobFinished(artifacts={"adapter": ADAPTER_FOLDER})))


def _write_events(file: Path, events: Sequence[Event]) -> None:
    appender = LineAppender(file)
    try:
        for event in events:
            appender.append(event_to_line(event.model_copy(update={"at": time.time()})))
    finally:
        appender.close()
