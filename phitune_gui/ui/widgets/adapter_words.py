"""An adapter that was made elsewhere, told by the window."""

from PySide6.QtCore import QCoreApplication

from phitune_gui.catalog.techniques import TECHNIQUES
from phitune_gui.core.adapter import AdapterVerdict
from phitune_gui.ui.translation import declared
from phitune_gui.ui.widgets.figures import count_text


def _tr(text: str) -> str:
    return QCoreApplication.translate("AdapterWords", text)


def technique_text(verdict: AdapterVerdict) -> str:
    """`LoRA · rank 16`; the bare name where the technique has no rank."""
    if verdict.technique is None:
        return ""
    label = next((declared(known.label) for known in TECHNIQUES if known.id == verdict.technique.id), verdict.technique.id)
    return label if verdict.rank is None else _tr("{technique} · rank {rank}").format(technique=label, rank=verdict.rank)


def adapter_facts(verdict: AdapterVerdict) -> tuple[tuple[str, str], ...]:
    """What is known of an adapter that was taken over, as pairs of key and value."""
    layers = _tr("{count} matched in the model").format(count=count_text(verdict.layers)) if verdict.layers else ""
    return (
        (_tr("Technique"), technique_text(verdict)),
        (_tr("Layers"), layers),
        (_tr("Parameters"), count_text(verdict.parameters)),
        (_tr("Trained on"), verdict.trained_on),
        (_tr("Imported from"), verdict.path),
    )


def imported_text(verdict: AdapterVerdict) -> str:
    """The same in one sentence, where a training would say how it ended."""
    said = _tr("{technique}, {parameters} parameters, taken over from {path}.")
    return said.format(technique=technique_text(verdict), parameters=count_text(verdict.parameters), path=verdict.path)
