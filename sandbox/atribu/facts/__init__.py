"""What happened, what is known of it on a day, who is credited for it, and sums over it."""
