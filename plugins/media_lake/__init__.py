"""Airflow's side of the pipeline: tasks, the batch sensor for video jobs and the tasks that wait for a person."""
