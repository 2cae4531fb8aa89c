"""How a compaction is seen, by comparing histories and by what providers say themselves."""
