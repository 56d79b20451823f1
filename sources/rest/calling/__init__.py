"""How a call leaves: key, budget, retries, and what a refusal means."""
