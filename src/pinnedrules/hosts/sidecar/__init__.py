"""The sidecar: the gate as a local HTTP service, for agents in any language that can be given a base URL."""
