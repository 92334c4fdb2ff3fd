"""The demo: an invented chain with two years behind it, and everything around it started at once."""
