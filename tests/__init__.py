"""Makes `tests.helpers` importable under this name whatever else is installed."""
