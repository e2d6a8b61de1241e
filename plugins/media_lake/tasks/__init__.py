"""The tasks that the Dags wire together, a module per stage. Heavy imports stay inside the tasks."""
