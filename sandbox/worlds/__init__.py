"""What made-up worlds have in common: chance that can be repeated, days, and sums."""
