"""The vocabulary of the lake, without I/O: features, settings, schemas, prices, errors, names of places."""
