"""The rule set: what is pinned, and what every tool call is decided by."""
