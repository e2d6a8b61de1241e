"""Amazon MWAA: what its bucket gets, its environment, and the constraints of its image."""
