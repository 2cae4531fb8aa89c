"""Our judge of a compaction beside two packages that judge one: ``python -m benchmarks.survival.yardstick``."""
