"""Analyze: ask Rekognition, at the pace of its quotas, and pay once."""
