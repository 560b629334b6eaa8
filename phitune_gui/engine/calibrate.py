"""Measures what training costs on this machine, by real steps on two small models of random weights; takes some twenty seconds."""

import gc
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import psutil
import torch
from safetensors.torch import load_file, save_file
from transformers import Phi3Config, Phi3ForCausalLM

from phitune_gui.catalog.base_models import judge_config
from phitune_gui.catalog.base_models.work import BACK, FORWARD, elements, operations
from phitune_gui.catalog.techniques.lora import LORA, LoraOptions
from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.core.calibration import Calibration, Speed
from phitune_gui.core.events import JobFinished, StageBegan
from phitune_gui.core.job import CalibrateJob
from phitune_gui.data.tokens import Encoded
from phitune_gui.engine.batches import collate
from phitune_gui.engine.least_squares import Work, nearest
from phitune_gui.engine.loss import summed_loss
from phitune_gui.engine.model import Tuned, attach_adapter
from phitune_gui.engine.number_format import bfloat16_speed_up
from phitune_gui.engine.quantise import quantised_layer
from phitune_gui.engine.reporting import Reporter, Stopped, raise_when_stopped
from phitune_gui.engine.threads import use_threads

_NARROW, _WIDE = (512, 1408, 6), (2048, 5632, 1)
"""Hidden, intermediate, layers: where element by element work weighs much, and where nearly all is matrices."""
_BATCHES = ((_NARROW, 1, 16), (_NARROW, 1, 256), (_NARROW, 2, 256), (_WIDE, 1, 16), (_WIDE, 2, 256))
"""Model, rows, tokens of a row. The short ones show what a layer costs however little passes through it."""
_VOCABULARY, _LEARNED = 512, 8
_STEPS = 5
_PATIENCE = 8.0
"""Seconds of measuring after which no further round begins: bfloat16 can be ten times as slow as float32."""
_FILE_BYTES = 200_000_000
_UNPACKED = 2048


def run_calibration(_job: CalibrateJob, reporter: Reporter) -> JobFinished:
    """Measure each number format, unpacking of 4-bit weights and loading; `results` holds the Calibration, nothing when stopped."""
    try:
        return JobFinished(results=_calibration(reporter).model_dump())
    except Stopped:
        return JobFinished(stopped_early=True)


def _calibration(reporter: Reporter) -> Calibration:
    started = time.time() - psutil.Process().create_time()
    cores = use_threads(None)
    speeds = {}
    for dtype in (torch.float32, torch.bfloat16):
        name = str(dtype).removeprefix("torch.")
        _say(reporter, f"training steps in {name}")
        speeds[name] = _speed(dtype)
    _say(reporter, "4-bit weights and the disk")
    return Calibration(
        made_at=time.time(), cores=cores, speeds=speeds, bfloat16_speed_up=bfloat16_speed_up(), start_seconds=started,
        seconds_per_unpacked_weight=_unpacking_seconds(), loading_bytes_per_second=_loading_speed(reporter.folder),
    )  # fmt: skip


def _say(reporter: Reporter, what: str) -> None:
    raise_when_stopped(reporter)
    reporter.emit(StageBegan(stage="verifying", detail=what))


def _speed(dtype: torch.dtype) -> Speed:
    """Seconds of a step = operations x a + elements x b + layers x c, and which a, b, c come nearest to what the batches took."""
    works, seconds = _measured(dtype)
    per_operation, per_element, per_layer = nearest(works, seconds)
    least = 0.3 * seconds[-1] / works[-1][0]  # noise must not make matrices free, of which large models are made
    return Speed(seconds_per_operation=max(per_operation, least), seconds_per_element=per_element, seconds_per_layer=per_layer)


def _measured(dtype: torch.dtype) -> tuple[list[Work], list[float]]:
    """Operations, elements and layers of a step on each batch, and the seconds it took.

    In rounds through all batches, and the middle of each: on a shared machine a slow moment then weighs on all of them alike.
    """
    models = {shape: _model(shape, dtype) for shape in (_NARROW, _WIDE)}
    steps = [partial(_step, models[shape], _batch(rows, length)) for shape, rows, length in _BATCHES]
    for step in steps:
        step()  # the first one only warms up
    began, rounds = time.monotonic(), []
    while len(rounds) < _STEPS and (not rounds or time.monotonic() - began < _PATIENCE):
        rounds.append([_took(step) for step in steps])
    del models, steps
    gc.collect()
    return [_work(*batch) for batch in _BATCHES], [median(took) for took in zip(*rounds, strict=True)]


def _model(shape: tuple[int, int, int], dtype: torch.dtype) -> Tuned:
    torch.manual_seed(7)
    tuned, _count = attach_adapter(Phi3ForCausalLM(Phi3Config(**_config(*shape))).to(dtype), LORA, LoraOptions())
    tuned.train()
    return tuned


def _batch(rows: int, length: int) -> dict[str, torch.Tensor]:
    return collate([Encoded([1] * length, [False] * (length - _LEARNED) + [True] * _LEARNED, "")] * rows)


def _work(shape: tuple[int, int, int], rows: int, length: int) -> Work:
    known, passes = judge_config(_config(*shape)), FORWARD + BACK
    tokens = rows * length * passes
    return tokens * operations(known, length), tokens * elements(known), passes * known.layers


def _config(hidden: int, intermediate: int, layers: int) -> dict[str, object]:
    return {
        "model_type": "phi3", "hidden_size": hidden, "intermediate_size": intermediate, "num_hidden_layers": layers,
        "num_attention_heads": hidden // 64, "num_key_value_heads": hidden // 64, "vocab_size": _VOCABULARY,
        "max_position_embeddings": 1024, "original_max_position_embeddings": 1024, "pad_token_id": 0,
    }  # fmt: skip


def _step(tuned: Tuned, batch: dict[str, torch.Tensor]) -> None:
    summed_loss(tuned, batch).backward()
    tuned.zero_grad()


def _seconds(work: Callable[[], object]) -> float:
    """The quickest of three, after one that only warms up: other programs can only make it slower."""
    work()
    return min(_took(work) for _ in range(3))


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _unpacking_seconds() -> float:
    """Seconds that a 4-bit weight costs for each pass through its layer, however many tokens pass; 0 where it does not work."""
    try:
        layer = quantised_layer(Quantisation(), _UNPACKED)
        given = torch.ones(1, _UNPACKED, device=layer.weight.device)
        with torch.no_grad():
            return _seconds(lambda: layer(given)) / _UNPACKED**2
    except Exception:  # noqa: BLE001  whatever the library raises, the answer is that it does not work here
        return 0.0


def _loading_speed(folder: Path) -> float:
    """Bytes per second from a file that the system has forgotten, where it can be asked to forget."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "weights.safetensors"
        save_file({str(number): torch.ones(_FILE_BYTES // 8 // 4) for number in range(8)}, path)
        _forget(path)
        began = time.perf_counter()
        for tensor in load_file(path).values():
            tensor.clone()
        return _FILE_BYTES / (time.perf_counter() - began)


def _forget(path: Path) -> None:
    with path.open("r+b") as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
