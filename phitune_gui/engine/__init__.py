"""The heavy part, imported by the worker only: model, training, evaluation, export, verification, generation."""
