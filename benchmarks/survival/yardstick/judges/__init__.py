"""What the other packages say; each file runs in that package's own environment."""
