"""Every SQL statement that is sent to a destination, as an expression that fits any dialect."""
