"""Stand-in servers that speak the documented contracts; they import nothing of `sources`."""
