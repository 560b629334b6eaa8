"""The person's choices, kept between starts; only what differs from the default is written."""

import logging
import shutil
from typing import Literal

from pydantic import Field, ValidationError

from phitune_gui.core.problem import CannotStart
from phitune_gui.core.value import Lenient
from phitune_gui.files.atomic import write_text
from phitune_gui.store.paths import private_folder, settings_file
from phitune_gui.store.yaml_files import dump_yaml, read_yaml

SCHEMA_VERSION = 1
_log = logging.getLogger(__name__)


class Settings(Lenient):
    """Everything remembered; a setting of a newer PhiTune is ignored, not lost on reading."""

    schema_version: int = SCHEMA_VERSION
    theme: Literal["system", "light", "dark"] = Field("system", title="Theme", description="Light, dark, or as the system says.")
    model_folders: tuple[str, ...] = Field((), title="Model folders", description="Folders that are searched for models.")
    watts: float | None = Field(
        None, gt=0, le=10_000, title="Watts", description="What this machine draws while it trains; empty leaves energy out of plans."
    )
    price_per_kwh: float | None = Field(None, ge=0, le=100, title="Price per kWh", description="In your own currency.")
    last_model: str = ""
    last_data: tuple[str, ...] = ()
    recent_recipes: tuple[str, ...] = ()


def load_settings() -> Settings:
    """The settings; an unreadable file is kept as `settings.yaml.bak` and the defaults are used."""
    path = settings_file()
    if not path.exists():
        return Settings()
    try:
        return Settings.model_validate(read_yaml(path, "settings file"))
    except (CannotStart, ValidationError) as error:
        _log.warning("The settings could not be read and were set aside as %s.bak: %s", path, error)
        shutil.copy2(path, path.with_name(path.name + ".bak"))
        return Settings()


def save_settings(settings: Settings) -> None:
    """Write what differs from the defaults. Raises CannotStart or OSError."""
    private_folder(settings_file().parent)
    document = {"schema_version": SCHEMA_VERSION, **settings.model_dump(mode="json", exclude_defaults=True)}
    write_text(settings_file(), dump_yaml(document))
