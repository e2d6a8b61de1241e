"""Athena on DuckDB: Athena's API and SQL over moto's Glue catalog and moto's objects in S3.

It is a stand-in for development and tests. It translates SQL instead of parsing it with Trino: a query that
works here may still fail on AWS. Known differences: integer division by zero gives null, decimal division and
avg of decimals give double, ``AT TIME ZONE`` gives a timestamp without zone, and reading beyond the end of an
array gives null.
"""
