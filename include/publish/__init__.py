"""Publish: point the partitions of a day at what passed the audit."""
