"""What each `elt` command does, one module per command."""
