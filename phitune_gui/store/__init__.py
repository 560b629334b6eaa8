"""What is kept: settings, recipes, runs and models on disk; no Qt and no torch."""
