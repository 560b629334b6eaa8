"""The desk's answer to: what is in this data?"""

from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.data.doctor import Tell, examine
from phitune_gui.data.requests import InspectRequest
from phitune_gui.data.token_cache import tokens_of


def inspect(request: InspectRequest, tell: Tell | None = None) -> DatasetReport:
    """The doctor's report; what was encoded for it is kept for the training. Raises CannotStart when a file or the model cannot be used."""
    if request.model is None or request.max_rows is not None:
        return examine(request.data, request.model, request.seed, request.max_rows, tell=tell).report
    return tokens_of(request.data, request.model, request.seed, tell).report
