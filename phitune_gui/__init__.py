"""PhiTune: fine-tune a Phi-3 family model on your own machine, export it to ONNX and trust the result."""

__version__ = "0.1.0"
