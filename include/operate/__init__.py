"""Operate: alerts, and asking again for what failed."""
