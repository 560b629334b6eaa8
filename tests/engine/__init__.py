"""Tests of the engine: real torch, a tiny random Phi-3, real exports."""
