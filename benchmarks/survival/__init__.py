"""Does a rule survive compaction? The scenarios in readable form, and what else the survival benchmark needs to run."""
