"""Loads the training tokenizer straight from tokenizer.json and refuses it when it disagrees with that file."""

from pathlib import Path

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from phitune_gui.core.problem import CannotStart

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja")
PROBES = ("Hi there", "  two  spaces\n\nand\ttabs", "Grüße, 你好 and 🎉", "def main():\n    return 12345", "What is 2 + 2?")


def load_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of `folder`, by its file alone: AutoTokenizer may rebuild it from the config and give other ids.

    Raises CannotStart when the file is missing or the loaded tokenizer gives other ids than the file does.
    """
    file = folder / "tokenizer.json"
    if not file.is_file():
        raise CannotStart(
            "model.path", f"The folder {folder} has no tokenizer.json.", "Copy tokenizer.json from the model's source into this folder."
        )
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    raw = Tokenizer.from_file(str(file))
    for text in probe_texts(raw):
        if tokenizer.encode(text, add_special_tokens=False) != raw.encode(text, add_special_tokens=False).ids:
            raise CannotStart(
                "model.path",
                f"The tokenizer in {folder} gives other tokens when it is loaded for training than its own file says, for {text!r}.",
                "Copy tokenizer.json and tokenizer_config.json from the model's source into this folder again.",
            )
    return tokenizer


def probe_texts(raw: Tokenizer) -> list[str]:
    """Plain texts, and each of them between this tokenizer's own control tokens, where drift shows."""
    controls = [token.content for token in raw.get_added_tokens_decoder().values() if token.special]
    return [*PROBES, *(f"{control}\n{text}{control}\n" for control in controls[:24] for text in PROBES[:2])]


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copy the tokenizer's files byte for byte; saving it again would keep any damage that loading did."""
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            (target / name).write_bytes((source / name).read_bytes())
