"""The whole lake on one machine: PostgreSQL, the local AWS endpoint and Airflow, run by a supervisor.

``make up``, ``make down``, ``make status`` and ``make demo`` use it.
"""
