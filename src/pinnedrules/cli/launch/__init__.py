"""Starting an agent behind a sidecar of its own: how it is pointed there, its process, and what is told at the end."""
