"""What a finished run offers to export and chat: the job it was made by and the weights it kept."""

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import TrainJob, job_from_json
from phitune_gui.core.names import ADAPTER_FOLDER, JOB_FILE
from phitune_gui.core.problem import CannotStart
from phitune_gui.files.manifest import hash_file, verify_manifest


class RunSource(NamedTuple):
    """A run's folder, the training job it held, and the folder of what was trained."""

    folder: Path
    job: TrainJob
    adapter: Path

    @property
    def is_adapter(self) -> bool:
        """False after full fine-tuning, where `adapter` is a whole model."""
        return (self.adapter / "adapter_config.json").is_file()

    @property
    def loaded_model(self) -> BaseModel:
        """The model that is loaded before an adapter, if there is one, is put on it."""
        base = self.job.base_model
        return base if self.is_adapter else base.model_copy(update={"path": str(self.adapter)})

    @property
    def adapter_hash(self) -> str:
        """SHA-256 over the names and hashes of all files of trained weights; a large model has several."""
        files = sorted(self.adapter.glob("*.safetensors"))
        return sha256("".join(f"{hash_file(file)}  {file.name}\n" for file in files).encode()).hexdigest()


def read_run(folder: Path) -> RunSource:
    """The run in `folder`. Raises CannotStart when it is no run, has no weights yet, or they are damaged."""
    try:
        job = job_from_json((folder / JOB_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        raise CannotStart(str(folder), f"{folder} is not the folder of a training run.", "Choose a run from the list of runs.") from error
    adapter = folder / ADAPTER_FOLDER
    if not isinstance(job, TrainJob) or not any(adapter.glob("*.safetensors")):
        raise CannotStart(
            str(folder), f"The run {folder.name} has kept no trained weights yet.", "Resume it, or let it end with 'Stop and save'."
        )
    damaged = verify_manifest(adapter)
    if damaged:
        raise CannotStart(str(adapter), damaged[0], "Resume the run from its last checkpoint, which writes the adapter again.")
    return RunSource(folder, job, adapter)
