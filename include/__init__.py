"""The library behind the Dags, free of Airflow: a package for each stage, above ``core`` and ``store``."""

import logging

# Great Expectations logs some two hundred lines on import unless its logger is quieted first.
logging.getLogger("great_expectations").setLevel(logging.WARNING)
