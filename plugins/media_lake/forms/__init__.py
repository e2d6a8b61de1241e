"""Forms of the Dags that people start."""
