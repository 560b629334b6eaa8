"""The names that more than one layer must agree on: files of a run folder, protocol version, exit codes."""

PROTOCOL = 1
"""Version of the job, event and control files; a worker refuses a job of another protocol."""

RECIPE_FILE = "recipe.yaml"
PLAN_FILE = "plan.json"
JOB_FILE = "job.json"
EVENTS_FILE = "events.jsonl"
CONTROL_FILE = "control.jsonl"
WORKER_FILE = "worker.json"
LOG_FILE = "log.txt"
LOCK_FILE = "run.lock"
RESERVE_FILE = ".reserve"
CHECKPOINTS_FOLDER = "checkpoints"
ADAPTER_FOLDER = "adapter"
EXPORTS_FOLDER = "exports"
COMPARED_ROWS_FILE = "compared_rows.json"
"""Inside a run: the rows that its exports are compared on, as they were before the first step."""

EXPORT_MANIFEST = "phitune-export.json"
"""Inside every export: what it is, from what, with which figures."""
REFERENCE_FILE = "reference.safetensors"
"""Inside every export: prompt ids and the merged model's float32 logits, so that `verify` needs nothing else."""

RECIPE_SUFFIX = ".phitune.yaml"
DATASET_SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".feather", ".txt", ".md")
"""Dataset files that there is a reader for."""
PACKED_SUFFIXES = (".gz", ".zst")
"""What may follow them when the file is packed."""
DATASET_ENDINGS = (*DATASET_SUFFIXES, *(f"{suffix}{packed}" for suffix in DATASET_SUFFIXES for packed in PACKED_SUFFIXES))
"""What the name of a dataset file ends in."""

HEARTBEAT_SECONDS = 5.0
"""A living worker writes at least one event in this time."""

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_CANNOT_START = 2
EXIT_INTERRUPTED = 130
