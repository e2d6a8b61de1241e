"""Amazon Rekognition for Airflow, in the shape of the Amazon provider: import from the submodules."""
