"""The hosts that motfunnel lives in, one thin room for each. Nothing here is loaded unasked."""
