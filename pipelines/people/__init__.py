"""Personal data: what the key may read, whose details are due, and who is erased."""
