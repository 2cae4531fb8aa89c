"""The sidecar beside a plain proxy: added time, processor time, throughput, memory."""
