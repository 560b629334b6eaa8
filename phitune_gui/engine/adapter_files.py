"""Writes what was trained as a standard PEFT folder (or, after full fine-tuning, a standard model folder)."""

from pathlib import Path

import peft

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.names import ADAPTER_FOLDER
from phitune_gui.data.tokens import ChatTokenizer
from phitune_gui.engine.inside_start import Weights, save_as_plain_lora
from phitune_gui.engine.merge import save_model
from phitune_gui.engine.model import Tuned
from phitune_gui.engine.tokenizer import copy_tokenizer
from phitune_gui.files.atomic import staged_folder
from phitune_gui.files.manifest import write_manifest

WEIGHTS_FILE = "adapter_model.safetensors"


def save_weights(model: Tuned, folder: Path) -> None:
    """Write the trained weights and their config into `folder`; embeddings are never resized, so never saved with an adapter."""
    if isinstance(model, peft.PeftModel):
        model.save_pretrained(str(folder), save_embedding_layers=False)
    else:
        model.save_pretrained(folder)


def save_adapter(model: Tuned, base: BaseModel, run: Path, step: int, start: Weights | None = None) -> Path:
    """Write `run`/adapter as a whole: weights, config that names the base model, tokenizer, a note for people.

    `start` is what an adapter that starts inside the model began as; the one that is written is for the untouched model.
    """
    final = run / ADAPTER_FOLDER
    with staged_folder(final) as staging:
        if isinstance(model, peft.PeftModel):
            model.active_peft_config.base_model_name_or_path = base.path
            if start is None:
                save_weights(model, staging)
            else:
                save_as_plain_lora(model, start, staging)
            copy_tokenizer(Path(base.path), staging)
        else:
            stop_ids = ChatTokenizer.load(Path(base.path), base.chat, base.folds_system).end_ids
            save_model(model, base, stop_ids, staging)
        (staging / "README.md").write_text(_readme(isinstance(model, peft.PeftModel), base, step), encoding="utf-8")
        write_manifest(staging)
    return final


def _readme(is_adapter: bool, base: BaseModel, step: int) -> str:
    what = "An adapter (PEFT format) for" if is_adapter else "Fully tuned weights of"
    how = f'\nLoad it with `peft.PeftModel.from_pretrained(base, "this folder")`; the base model lay in `{base.path}`.\n'
    return f"# Made with PhiTune\n\n{what} {base.name}, as it was after {step} steps.\n{how if is_adapter else ''}"
