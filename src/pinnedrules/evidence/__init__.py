"""Evidence: canonical lines, commitments and hash chains (pure), and the log that writes them."""
