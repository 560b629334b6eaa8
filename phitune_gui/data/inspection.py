"""The desk's answer to: what is in this data?"""

from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.data.doctor import examine
from phitune_gui.data.requests import InspectRequest


def inspect(request: InspectRequest) -> DatasetReport:
    """The doctor's report. Raises CannotStart when a file or the model cannot be used."""
    return examine(request.data, request.model, request.seed, request.max_rows).report
