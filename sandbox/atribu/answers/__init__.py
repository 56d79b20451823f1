"""What each endpoint answers, from what is known on the day of asking."""
