"""One measurement of turning a file into tokens, in a process of its own: `python -m tests.benchmarks.data_speed ours|peer FILE MODEL`.

`ours` is the doctor with everything it does, the copy of the tokens included, and then the same question again. `peer` is what a script
would do: `datasets.map` of the chat template over one row after another, in one process, on at most PEER_ROWS rows, reading not counted.
"""

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import psutil

PEER_ROWS = 20_000
WORDS = (
    "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her "
    "she there would their we him been has when who will no more if out so up said what its about than into them can only other time new"
)


def write_conversations(path: Path, rows: int) -> Path:
    """Short conversations, each a line: a question of 6 to 18 words with its number, an answer of 10 to 30."""
    chance, words = random.Random(5), WORDS.split()
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            asked = f"{' '.join(chance.choices(words, k=chance.randint(6, 18)))} {number}?"
            answer = f"{' '.join(chance.choices(words, k=chance.randint(10, 30))).capitalize()}."
            turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
            file.write(json.dumps({"messages": turns}) + "\n")
    return path


def _ours(file: str, model: str) -> dict[str, Any]:
    from phitune_gui.core.base_model import BaseModel, ChatMarkers
    from phitune_gui.core.recipe import DataSection, DataSource
    from phitune_gui.data.inspection import inspect
    from phitune_gui.data.requests import SAMPLE_ROWS, InspectRequest

    chat = ChatMarkers(answer_header="<|assistant|>", answer_end="<|end|>")
    base = BaseModel(path=model, name="", family="Phi-3", model_type="phi3", usable=True, chat=chat)
    request = InspectRequest(data=DataSection(sources=(DataSource(path=file),)), model=base)
    began = time.perf_counter()
    inspect(request.model_copy(update={"max_rows": SAMPLE_ROWS}))
    looked = time.perf_counter()
    report = inspect(request)
    first = time.perf_counter()
    assert inspect(request) == report
    again = time.perf_counter()
    counted = report.kept + report.rejected_count + report.duplicates + report.fully_masked
    return {"rows": report.rows, "counted": counted, "first_look": looked - began, "seconds": first - looked, "again": again - first}


def _peer(file: str, model: str) -> dict[str, Any]:
    import datasets
    from transformers import PreTrainedTokenizerFast

    datasets.disable_progress_bars()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(model)
    rows = datasets.load_dataset("json", data_files=file, split=f"train[:{PEER_ROWS}]")
    began = time.perf_counter()
    mapped = rows.map(
        lambda row: tokenizer.apply_chat_template(row["messages"], tokenize=True, return_dict=True), load_from_cache_file=False
    )
    return {"rows": len(mapped), "seconds": time.perf_counter() - began}


def _peak_bytes() -> int:
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    who, *arguments = sys.argv[1:]
    found = (_ours if who == "ours" else _peer)(*arguments)
    print(json.dumps({**found, "peak_bytes": _peak_bytes()}))
