"""What ``pinnedrules doctor`` looks at: the way of a canary call, and the place where this runs."""
