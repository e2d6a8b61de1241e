"""The whole lake on one machine: PostgreSQL, the local AWS endpoint and Airflow, supervised; ``make up`` and its kin."""
