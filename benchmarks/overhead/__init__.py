"""What the guard costs: processor time, time to the first token, import time. Run ``python -m benchmarks.overhead``."""
