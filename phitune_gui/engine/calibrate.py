"""Measures what training costs on this machine, by real steps on two small models of random weights; takes some ten seconds."""

import gc
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import torch
from safetensors.torch import load_file, save_file
from transformers import Phi3Config, Phi3ForCausalLM

from phitune_gui.catalog.base_models import judge_config
from phitune_gui.catalog.base_models.work import TRAINS_ADAPTER, elements, operations
from phitune_gui.catalog.techniques.lora import LORA, LoraOptions
from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.core.calibration import Calibration, Speed
from phitune_gui.core.events import JobFinished, StageBegan
from phitune_gui.core.job import CalibrateJob
from phitune_gui.data.tokens import Encoded
from phitune_gui.engine.batches import collate
from phitune_gui.engine.loss import summed_loss
from phitune_gui.engine.model import Tuned, attach_adapter
from phitune_gui.engine.number_format import bfloat16_speed_up
from phitune_gui.engine.quantise import quantised_layer
from phitune_gui.engine.reporting import Reporter, Stopped, raise_when_stopped
from phitune_gui.engine.threads import use_threads

_NARROW, _WIDE = (512, 1408, 6), (2048, 5632, 1)
"""Hidden, intermediate, layers: where element by element work weighs much, and where nearly all is matrices."""
_ROWS, _LENGTH, _VOCABULARY, _LEARNED = 2, 256, 512, 8
_STEPS = 3
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
    """Two models, two unknowns: seconds = operations x a + elements x b for each. Noise must not make either of them negative."""
    (o1, e1, s1), (o2, e2, s2) = (_measured(shape, dtype) for shape in (_NARROW, _WIDE))
    per_element = max(0.0, (s1 * o2 - s2 * o1) / (e1 * o2 - e2 * o1))
    per_operation = max((s2 - per_element * e2) / o2, 0.5 * s2 / o2)
    return Speed(seconds_per_operation=per_operation, seconds_per_element=per_element)


def _measured(shape: tuple[int, int, int], dtype: torch.dtype) -> tuple[float, float, float]:
    """Operations and elements of a step on a model of this shape, and the seconds it took."""
    fields = _config(*shape)
    torch.manual_seed(7)
    known, model = judge_config(fields), Phi3ForCausalLM(Phi3Config(**fields)).to(dtype)
    tuned, _count = attach_adapter(model, LORA, LoraOptions())
    tuned.train()
    batch = collate([Encoded([1] * _LENGTH, [False] * (_LENGTH - _LEARNED) + [True] * _LEARNED, "")] * _ROWS)
    seconds = _seconds(partial(_step, tuned, batch))
    del tuned, model
    gc.collect()
    work = _ROWS * _LENGTH * TRAINS_ADAPTER
    return work * operations(known, _LENGTH), work * elements(known), seconds


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
    times = []
    for _ in range(_STEPS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


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
