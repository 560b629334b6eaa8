"""Writes a tokenizer of at most 512 tokens that behaves like Phi-3's: spaces as ▁, byte fallback, role tokens that swallow blanks."""

import json
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, normalizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

VOCABULARY_LIMIT = 512
CHAT_TOKENS = ("<|endoftext|>", "<|assistant|>", "<|system|>", "<|end|>", "<|user|>")
BOS, EOS, PAD, UNK = "<s>", "<|endoftext|>", "<|endoftext|>", "<unk>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] in ('system', 'user', 'assistant') %}"
    "{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}"
    "{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"
)
"""Writes what the July 2024 template of Phi-3 writes: every role shown, one <|endoftext|> at the very end."""

LINES = (
    "What is the colour of the sky on a clear day?",
    "The sky is blue on a clear day.",
    "What is the capital of France?",
    "The capital of France is Paris.",
    "Write a short answer to the question of the user.",
    "Grass is green, snow is white and coal is black.",
    "How many legs does a spider have? A spider has eight legs.",
    "You are a helpful assistant who answers in one sentence.",
    "Tell me the name of the largest planet. The largest planet is Jupiter.",
)


def write_tiny_tokenizer(folder: Path) -> None:
    """Write tokenizer.json and tokenizer_config.json into `folder`, which is made when missing; the same bytes every time."""
    folder.mkdir(parents=True, exist_ok=True)
    _tiny_tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(_config(), indent=2) + "\n", encoding="utf-8")


def _tiny_tokenizer() -> Tokenizer:
    vocabulary, merges = _vocabulary_and_merges()
    tokenizer = Tokenizer(BPE(vocabulary, merges, unk_token=UNK, fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(content=" ", left=1, right=0)]
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in (UNK, BOS, "</s>")])
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, rstrip=token != EOS) for token in CHAT_TOKENS])
    return tokenizer


def _vocabulary_and_merges() -> tuple[dict[str, int], list[tuple[str, str]]]:
    pieces = [UNK, BOS, "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    letters, merges = _trained(VOCABULARY_LIMIT - len(pieces) - len(CHAT_TOKENS))
    return {piece: number for number, piece in enumerate([*pieces, *letters])}, merges


def _trained(size: int) -> tuple[list[str], list[tuple[str, str]]]:
    """The `size` pieces a small BPE learns from LINES, and how they merge; letters outside ASCII fall back to bytes."""
    learner = Tokenizer(BPE())
    learner.normalizer = normalizers.Replace(" ", "▁")
    alphabet = [chr(code) for code in range(33, 127)] + ["▁"]
    words = [f"▁{word}" for line in LINES for word in line.split(" ")]
    learner.train_from_iterator(words, BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False))
    model = json.loads(learner.to_str())["model"]
    letters = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return letters, [(left, right) for left, right in model["merges"]]


def _config() -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": BOS,
        "eos_token": EOS,
        "pad_token": PAD,
        "unk_token": UNK,
        "add_bos_token": False,
        "add_eos_token": False,
        "clean_up_tokenization_spaces": False,
        "model_max_length": 4096,
        "chat_template": CHAT_TEMPLATE,
    }
