"""A thin room for each framework. Importing this loads none of them."""
