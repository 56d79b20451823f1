"""What any metered REST API needs: budget, session, errors, windows, tables; knows no vendor."""
