"""Which weight files a model folder holds and whether they are complete, from their headers and the shard list alone."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from phitune_gui.catalog.base_models.shapes import linear_layers
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.core.value import Lenient
from phitune_gui.data.json_file import FETCH_AGAIN, read_json_object
from phitune_gui.data.safetensors_header import Tensor, read_header

SINGLE_FILE = "model.safetensors"
SHARD_LIST = "model.safetensors.index.json"
PICKLES = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt")
_SHARD_LIST_LIMIT = 50_000_000
_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


class Weights(NamedTuple):
    """What the headers say: tensors by name, bytes of all files, and every Problem found. Without weights all are empty."""

    tensors: dict[str, Tensor]
    bytes: int
    problems: tuple[Problem, ...]

    @property
    def parameters(self) -> int:
        """How many numbers all tensors hold."""
        return sum(tensor.numbers for tensor in self.tensors.values())

    @property
    def dtype(self) -> str:
        """The number format of most parameters, in torch's words."""
        sizes: Counter[str] = Counter()
        for tensor in self.tensors.values():
            sizes[tensor.dtype] += tensor.numbers
        most = sizes.most_common(1)
        return _DTYPES.get(most[0][0], most[0][0].lower()) if most else ""


class _ShardList(Lenient):
    weight_map: dict[str, str]


def read_weights(folder: Path) -> Weights:
    """Every weight file's header, checked; never raises for bad files."""
    if _is_there(folder / SINGLE_FILE):
        return _read_files(folder, {SINGLE_FILE})
    if _is_there(folder / SHARD_LIST):
        return _read_shards(folder)
    return Weights({}, 0, (_no_weights(folder),))


def shape_problems(model: BaseModel, weights: Weights) -> Iterator[Problem]:
    """Weights that are missing or shaped otherwise than config.json says; these would fail only after minutes of loading."""
    for name, shape in _expected_shapes(model):
        found = weights.tensors.get(name)
        if found is None:
            yield _problem(Path(model.path), f"The weights do not fit config.json: {name} is missing.", FETCH_AGAIN)
        elif found.shape != shape:
            what = f"The weights do not fit config.json: {name} has the shape {list(found.shape)} instead of {list(shape)}."
            yield _problem(Path(model.path), what, FETCH_AGAIN)


def _expected_shapes(model: BaseModel) -> Iterator[tuple[str, tuple[int, int]]]:
    """Names and shapes (outputs, inputs) of the large tensors of a Phi-3 layout, as transformers writes them."""
    yield "model.embed_tokens.weight", (model.vocabulary, model.hidden)
    layers = linear_layers(model)
    for number in range(model.layers):
        for name, layer in layers.items():
            block = "self_attn" if name in ("qkv_proj", "o_proj") else "mlp"
            yield f"model.layers.{number}.{block}.{name}.weight", (layer.outputs, layer.inputs)


def _is_there(path: Path) -> bool:
    """A link to a file that is gone counts, so that it can be named."""
    return path.is_file() or path.is_symlink()


def _read_files(folder: Path, names: Iterable[str]) -> Weights:
    tensors: dict[str, Tensor] = {}
    size, problems = 0, []
    for name in sorted(names):
        try:
            header = read_header(folder / name)
        except CannotStart as refusal:
            problems.append(refusal.problem)
            continue
        tensors |= header.tensors
        size += header.file_bytes
    return Weights(tensors, size, tuple(problems))


def _read_shards(folder: Path) -> Weights:
    listed = folder / SHARD_LIST
    try:
        weight_map = _ShardList.model_validate(read_json_object(listed, _SHARD_LIST_LIMIT)).weight_map
    except CannotStart as refusal:
        return Weights({}, 0, (refusal.problem,))
    except ValidationError:
        return Weights({}, 0, (_problem(listed, f"{listed.name} lists no weights.", FETCH_AGAIN),))
    shards = set(weight_map.values())
    outside = sorted(name for name in shards if Path(name).name != name or "\\" in name)
    if outside:
        what = f"{listed.name} names the file {outside[0][:80]!r} outside the model folder."
        return Weights({}, 0, (_problem(listed, what, "Do not use this folder; fetch the model from a source you trust."),))
    present = {name for name in shards if _is_there(folder / name)}
    weights = _read_files(folder, present)
    problems = [*_missing_shards(folder, sorted(shards - present)), *weights.problems]
    if not problems:
        problems += _missing_tensors(folder, weight_map, weights.tensors)
    return weights._replace(problems=tuple(problems))


def _missing_shards(folder: Path, names: list[str]) -> list[Problem]:
    if not names:
        return []
    return [_problem(folder, f"Weight files are missing: {', '.join(names)}.", "Fetch the missing files into this folder.")]


def _missing_tensors(folder: Path, weight_map: dict[str, str], tensors: dict[str, Tensor]) -> list[Problem]:
    missing = sorted(weight_map.keys() - tensors.keys())
    if not missing:
        return []
    what = f"{weight_map[missing[0]]} does not hold {missing[0]}, which {SHARD_LIST} says it does."
    return [_problem(folder, what, FETCH_AGAIN)]


def _no_weights(folder: Path) -> Problem:
    pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
    if pickles:
        return _problem(
            folder, f"The weights come only as pickle files ({pickles[0]}), which can run any code when they are opened.",
            "Fetch the model.safetensors files of this model instead.",
        )  # fmt: skip
    shards = sorted(path.name for path in folder.glob("model-*-of-*.safetensors"))
    if shards:
        return _problem(folder, f"The list of weight files, {SHARD_LIST}, is missing.", f"Fetch {SHARD_LIST} into this folder.")
    return _problem(folder, "The folder holds no weights.", "Fetch the model.safetensors files of this model into this folder.")


def _problem(where: Path, what: str, how_to_fix: str) -> Problem:
    return Problem(where=str(where), what=what, how_to_fix=how_to_fix)
