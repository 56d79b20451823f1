"""What is loaded: asked of the tables in SQL, committed in slices with the ledger."""
