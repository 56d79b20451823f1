"""The sync engine: what a run asks for, in which order, and how it is committed."""
