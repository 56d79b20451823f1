"""What a person or a machine is told, one module per command."""
