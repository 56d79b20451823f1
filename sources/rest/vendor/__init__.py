"""A vendor as dlt and the engine see it: a source with its resources."""
