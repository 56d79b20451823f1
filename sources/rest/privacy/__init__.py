"""What becomes of personal data before a row touches any disk."""
