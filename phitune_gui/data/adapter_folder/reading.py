"""An adapter folder as a whole: its files read, its technique recognised, its layers compared with the model's."""

import re
from pathlib import Path
from typing import NamedTuple

from phitune_gui.catalog.exports.sizes import parameters
from phitune_gui.catalog.techniques.recognise import recognised
from phitune_gui.catalog.techniques.saved_shapes import saved_shapes
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.data.adapter_folder.files import CONFIG, AdapterConfig, read_config, weights_file
from phitune_gui.data.adapter_folder.layers import adapted_layers, require_named_blocks
from phitune_gui.data.adapter_folder.settled_ranks import KIND, SettledRanks, plain_words, settled_ranks
from phitune_gui.data.adapter_folder.shapes import require_formats, require_shapes
from phitune_gui.data.adapter_folder.vocabulary import refuse_new_tokens
from phitune_gui.data.json_file import read_limited
from phitune_gui.data.safetensors_header import read_header

_LEARNED_TOKENS = ("PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING")
_CHANGES_BASE = ("pissa", "olora", "loftq", "corda", "lora_ga")
_QUANTISED = re.compile(r"bnb|[48]-?bit|nf4|fp4|awq|gptq|int[48]", re.IGNORECASE)
_LOADED_IN = re.compile(r"load_in_([48])bit`?:? *(?:True|true)")
_README_LIMIT = 1_000_000


class AdapterFolder(NamedTuple):
    """An adapter that fits the model by all that its config and its header say; not one of its weights was read yet."""

    path: Path
    weights: Path
    technique: TechniqueSection
    layers: int
    trained_on: str
    notes: tuple[str, ...]
    ranks: SettledRanks | None = None
    """Of an AdaLoRA, which goes on as the plain LoRA that `technique` says."""


def read_adapter(folder: Path, model: BaseModel) -> AdapterFolder:
    """The adapter in `folder`, as one of `model`. Raises CannotStart with the reason why it cannot be used."""
    config = read_config(folder)
    where = str(folder / CONFIG)
    _refuse_other_task(config, where)
    _refuse_learned_tokens(config, where)
    _refuse_changed_base(config, where)
    _refuse_old_rotation(config, where)
    weights = weights_file(folder)
    header = read_header(weights)
    require_formats(header, str(weights))
    places = adapted_layers(config.target_modules, header.tensors, model, where)
    require_named_blocks(config.words.get("layers_to_transform"), config.target_modules, places, model, where)
    blocks = None if len(places.blocks) == model.layers else list(places.blocks)
    words, ranks, needed = config.words, None, None
    if config.peft_type == KIND:
        ranks, needed = settled_ranks(words, places, model, where)
        words = plain_words(words, ranks)
    section = recognised({**words, "target_modules": list(places.layers), "layers_to_transform": blocks}, where)
    require_shapes(header, needed or saved_shapes(section, model), str(weights))
    if sum(tensor.numbers for tensor in header.tensors.values()) > parameters(model):
        raise CannotStart(str(weights), "The adapter is larger than the model itself.", "Choose the base model that it was trained on.")
    refuse_new_tokens(folder, model)
    notes = (ranks.told if ranks else "", _other_base(config, model), _other_code(config), _quantised(config, folder))
    adapted = len(places.blocks) * len(places.layers)
    return AdapterFolder(folder, weights, section, adapted, config.base_model_name_or_path or "", tuple(filter(None, notes)), ranks)


def _refuse_other_task(config: AdapterConfig, where: str) -> None:
    if config.task_type not in (None, "", "CAUSAL_LM"):
        what = f"The adapter was made for the task {config.task_type}, not for writing text (CAUSAL_LM)."
        raise CannotStart(where, what, "Use an adapter of a language model.")


def _refuse_learned_tokens(config: AdapterConfig, where: str) -> None:
    if config.peft_type in _LEARNED_TOKENS:
        raise CannotStart(
            where, f"The adapter is {config.peft_type.lower()}: learned tokens before every conversation, which PhiTune cannot take over.",
            "Go on with the run that it comes from, if PhiTune trained it: phitune chat and phitune resume take the run's folder.",
        )  # fmt: skip


def _refuse_changed_base(config: AdapterConfig, where: str) -> None:
    start = str(config.init_lora_weights).lower()
    if start.startswith(_CHANGES_BASE) or config.words.get("loftq_config"):
        name = next((name for name in _CHANGES_BASE if start.startswith(name)), "loftq")
        raise CannotStart(
            where, f"The adapter began inside the model's own weights (init_lora_weights: {name}) and was saved unconverted, so on the"
                   " untouched model it would be wrong.",
            "Save it again with path_initial_model_for_weight_conversion, which makes it a plain LoRA.",
        )  # fmt: skip


def _refuse_old_rotation(config: AdapterConfig, where: str) -> None:
    """peft 0.18 computes OFT's rotations otherwise than the versions before, which gives other results for the same weights."""
    version = re.match(r"(\d{1,4})\.(\d{1,4})", str(config.words.get("peft_version") or ""))
    if config.peft_type == "OFT" and (version is None or (int(version[1]), int(version[2])) < (0, 18)):
        what = "The adapter is an OFT of a peft before 0.18, which computed its rotations otherwise."
        raise CannotStart(where, what, "Merge it with the peft that made it and choose the merged model, or train it again.")


def _other_base(config: AdapterConfig, model: BaseModel) -> str:
    named = config.base_model_name_or_path
    if not named:
        return "The adapter does not say which model it was trained on."
    if Path(named).name == Path(model.path).name:
        return ""
    return f"The adapter says that it was trained on {named}; it was judged on {model.name} in {model.path}, and nothing was fetched."


def _other_code(config: AdapterConfig) -> str:
    named = [name for name, value in (("auto_mapping", config.auto_mapping), ("revision", config.revision)) if value]
    return f"Its config names {' and '.join(named)}, which PhiTune does not follow." if named else ""


def _quantised(config: AdapterConfig, folder: Path) -> str:
    by_name = bool(_QUANTISED.search((config.base_model_name_or_path or "").rsplit("/", 1)[-1]))
    if not by_name and not _LOADED_IN.search(_readme(folder)):
        return ""
    return "It was trained on a quantised model; on the unquantised one, which PhiTune merges and exports, results differ a little."


def _readme(folder: Path) -> str:
    path = folder / "README.md"
    if path.is_symlink() or not path.is_file():
        return ""
    try:
        return read_limited(path, _README_LIMIT).decode("utf-8", "replace")
    except CannotStart:
        return ""
