"""The one address on which the stack listens, and under which its components find each other."""

HOST = "127.0.0.1"


def hostname() -> str:
    """Return the name that Airflow writes down for this machine, where it looks for the logs of a task."""
    return HOST
