"""Tests of the window: real widgets, a real desk, real workers."""
