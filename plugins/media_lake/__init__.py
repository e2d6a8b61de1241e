"""Airflow's side of the pipeline, sorted by Airflow's kinds of things."""
