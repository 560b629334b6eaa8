"""Reads one local model folder: JSON files and safetensors headers, each within limits, never the weights themselves."""
