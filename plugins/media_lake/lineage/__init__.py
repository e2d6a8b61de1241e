"""Lineage through OpenLineage: off unless Airflow is configured for it (``docs/MONITORING.md``)."""
