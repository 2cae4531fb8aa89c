"""Two incidents replayed with the real SDKs, with and without the rules in force."""
