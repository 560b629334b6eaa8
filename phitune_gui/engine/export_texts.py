"""What lies beside an export for people: a README with its figures and a chat program that needs onnxruntime-genai alone."""

from pathlib import Path

from phitune_gui.engine.export_manifest import ExportManifest

CHAT_PROGRAM = '''"""Chat with this model on the CPU: pip install onnxruntime-genai, then python chat.py ["one question"]"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime_genai as og

folder = Path(__file__).resolve().parent
context = json.loads((folder / "genai_config.json").read_text("utf-8"))["model"]["context_length"]
model = og.Model(str(folder))
tokenizer = og.Tokenizer(model)


def answer(messages: list[dict[str, str]]) -> str:
    """Print the model's answer piece by piece and return it."""
    prompt = tokenizer.encode(tokenizer.apply_chat_template(json.dumps(messages), add_generation_prompt=True))
    params = og.GeneratorParams(model)
    params.set_search_options(max_length=min(len(prompt) + 512, context), do_sample=False)
    generator = og.Generator(model, params)
    generator.append_tokens(prompt)
    stream, text = tokenizer.create_stream(), ""
    while not generator.is_done():
        generator.generate_next_token()
        piece = stream.decode(int(generator.get_next_tokens()[0]))
        print(piece, end="", flush=True)
        text += piece
    print()
    return text


messages: list[dict[str, str]] = []
questions = iter(sys.argv[1:]) if len(sys.argv) > 1 else iter(lambda: input("> "), "")
for question in questions:
    messages.append({"role": "user", "content": question})
    messages.append({"role": "assistant", "content": answer(messages)})
'''


def write_export_texts(folder: Path, manifest: ExportManifest) -> None:
    """Write README.md and, beside an ONNX model, chat.py."""
    (folder / "README.md").write_text(_readme(folder, manifest), encoding="utf-8")
    if manifest.kind == "onnx":
        (folder / "chat.py").write_text(CHAT_PROGRAM, encoding="utf-8")


def _readme(folder: Path, manifest: ExportManifest) -> str:
    whole = "A whole model folder: load it with transformers, or choose it in PhiTune."
    use = {
        "onnx": "Try it: `pip install onnxruntime-genai`, then `python chat.py`.",
        "merged": whole,
        "adapter": "A PEFT adapter: load it on top of its base model." if (folder / "adapter_config.json").is_file() else whole,
    }[manifest.kind]
    lines = [
        f"# {manifest.name}", "",
        f"{manifest.base_model.name}, tuned with PhiTune ({manifest.technique}) and exported as {manifest.target}.",
        f"Licence of the base model: {manifest.base_model.licence}.", "", use, "",
    ]  # fmt: skip
    report = manifest.report
    if report is not None:
        lines += [
            report.why, "", "| Figure | Value |", "|---|---|", f"| same first choice as the merged float32 model | {report.top1:.2%} |",
            f"| KL divergence, nats (64 most likely tokens plus the rest) | {report.kl:.5f} |",
            f"| largest logit difference over the same tokens | {report.max_logit_difference:.2e} |",
            f"| loss per compared token, merged and exported | {report.reference_loss:.4f}, {report.export_loss:.4f} |",
            f"| equal tokens in {report.decoded_answers} answers made token by token"
            f" | {report.decode_prefix:.1f} of {report.decode_tokens:.1f} |",
            f"| size | {report.bytes / 1e6:.0f} MB |",
        ]  # fmt: skip
        if report.tokens_per_second and report.first_token_seconds:
            lines.append(
                f"| speed where it was made | {report.tokens_per_second:.0f} tokens/s,"
                f" first token after {report.first_token_seconds:.2f} s |"
            )
        lines += ["", "`phitune verify` computes them again from `reference.safetensors`, which is needed for nothing else."]
    return "\n".join(lines) + "\n"
