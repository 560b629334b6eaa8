"""Measures speed and memory, as ratios; run with -m benchmark -s."""
