"""What the guard costs, in a program and as a sidecar, beside the same without it. Run ``python -m benchmarks``."""
