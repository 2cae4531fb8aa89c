"""Does a rule survive compaction? Episodes, arms and figures of the compaction-survival benchmark."""
