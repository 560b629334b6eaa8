"""Takes texts apart that are already written in a chat template, so that they can be written anew in the chosen model's own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from phitune_gui.core.messages import Message, Role

NOTE = "The texts are already written in a chat template: they are taken apart into turns and written anew in the template of the model."
_ROLES: dict[str, Role] = {
    "system": "system", "user": "user", "human": "user", "assistant": "assistant", "model": "assistant", "gpt": "assistant",
    "instruction": "user", "response": "assistant", "tool": "tool", "ipython": "tool",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How a template is spelled: what begins a turn (its group is the role's name) and what may end one."""

    header: re.Pattern[str]
    ends: tuple[str, ...]


_BEGINNING = re.compile(r"\s*(?:<s>|<bos>|<\|begin_of_text\|>|<\|endoftext\|>)?\s*(?:Below is an instruction that[^#]*)?")
_SPELLINGS = (
    _Spelling(re.compile(r"<\|im_start\|>(system|user|assistant|tool)\n?"), ("<|im_end|>", "<|endoftext|>")),
    _Spelling(re.compile(r"<\|start_header_id\|>(system|user|assistant|ipython)<\|end_header_id\|>\n*"), ("<|eot_id|>", "<|end_of_text|>")),
    _Spelling(re.compile(r"<start_of_turn>(user|model)\n?"), ("<end_of_turn>", "<eos>")),
    _Spelling(re.compile(r"<\|(system|user|assistant|tool)\|>\n?"), ("<|end|>", "<|endoftext|>", "</s>")),
    _Spelling(re.compile(r"### ?(Human|Assistant):"), ("</s>", "<|endoftext|>")),
    _Spelling(re.compile(r"^### ?(System|User|Assistant|Instruction|Response):", re.MULTILINE), ("</s>", "<|endoftext|>")),
)


def turns_of(text: str) -> tuple[Message, ...]:
    """The turns that the text spells; none when it does not begin with one, or does not hold both a question and an answer."""
    start = _BEGINNING.match(text)
    body = text[start.end() :] if start else text
    spelling = next((each for each in _SPELLINGS if each.header.match(body)), None)
    turns = tuple(_llama(body) if spelling is None else _spelled(body, spelling))
    return turns if {"user", "assistant"} <= {turn.role for turn in turns} else ()


def _spelled(body: str, spelling: _Spelling) -> Iterator[Message]:
    _, *parts = spelling.header.split(body)
    for name, said in zip(parts[::2], parts[1::2], strict=True):
        yield Message(role=_ROLES[name.lower()], content=_without_end(said, spelling.ends))


def _without_end(said: str, ends: tuple[str, ...]) -> str:
    end = len(said.rstrip())
    while ending := next((each for each in ends if said.endswith(each, 0, end)), ""):
        end -= len(ending)
        while end and said[end - 1].isspace():
            end -= 1
    return said[:end].strip()


def _llama(body: str) -> Iterator[Message]:
    """The turns of Llama 2's template; split by hand, because a pattern would need hours for a long row of [INST] alone."""
    for part in body.split("[INST]")[1:] if body.startswith("[INST]") else ():
        asked, _, answered = part.partition("[/INST]")
        if asked.lstrip().startswith("<<SYS>>"):
            system, _, asked = asked.replace("<<SYS>>", "", 1).partition("<</SYS>>")
            yield Message(role="system", content=system.strip())
        yield Message(role="user", content=asked.strip())
        yield Message(role="assistant", content=_without_end(answered, ("</s>", "<s>")))
