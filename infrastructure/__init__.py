"""What the pipeline needs to exist at the endpoint it runs against."""
