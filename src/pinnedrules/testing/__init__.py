"""A scripted provider and helpers to test an agent, and this package itself, without a network or a key."""
