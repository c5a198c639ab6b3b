"""One thin room for each host that motfunnel lives in. Loads none of them."""
