"""Athena on DuckDB: Athena's API and SQL dialect over the Glue catalog and the objects in S3, both moto's.

It is a stand-in for development and tests. SQL is translated, not parsed by Trino: what passes here may still fail on
AWS. Known differences: integer division by zero gives null, decimal division and avg of decimals give double,
``AT TIME ZONE`` gives a timestamp without zone, and arrays read out of range give null.
"""
