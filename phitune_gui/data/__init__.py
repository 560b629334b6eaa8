"""Rows to tokens, without torch: the same code serves the preview, the doctor and training."""
