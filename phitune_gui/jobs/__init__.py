"""Running jobs: processes and threads that do the work and are watched, with no Qt."""
