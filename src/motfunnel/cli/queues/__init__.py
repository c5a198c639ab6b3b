"""The commands for what waits to be delivered: to the store, and from it to somebody."""
