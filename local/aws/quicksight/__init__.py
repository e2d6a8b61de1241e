"""QuickSight's API, with state: data sources, data sets, refresh schedules, ingestions and dashboards.

It draws nothing. An ingestion reads its table or view by a query in the local Athena, so it fails if a column
does not exist. Users, groups and tags are moto's.
"""
