"""What stands in a text that is sent: secrets, personal data, addresses that a reader's program follows or loads."""
