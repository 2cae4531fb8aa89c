"""pinnedrules in agent frameworks: one module per framework, each with its own extra. They use public names only."""
