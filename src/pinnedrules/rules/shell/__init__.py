"""Command lines, parsed into the programs that they run and what those do."""
