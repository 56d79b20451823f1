"""How an endpoint is declared: its path, price, columns and relations."""
