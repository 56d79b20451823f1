"""What is loaded, what is wanted, and what that costs; asks nothing and opens nothing."""
