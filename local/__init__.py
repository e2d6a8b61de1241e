"""The lake on one machine: an AWS endpoint, the stack around Airflow, and sample media.

Production does not need it.
"""
