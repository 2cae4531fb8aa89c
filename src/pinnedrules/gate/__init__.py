"""The gate: one request on its way out and its answer on its way back, as generators that yield commands."""
