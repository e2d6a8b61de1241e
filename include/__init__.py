"""The library behind the Dags: one module per stage or noun, free of Airflow except where the noun is Airflow's."""

import logging

# Great Expectations logs some two hundred lines on import unless its logger is quieted first.
logging.getLogger("great_expectations").setLevel(logging.WARNING)
