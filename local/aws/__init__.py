"""The offline AWS endpoint: one HTTP address for every AWS API the pipeline uses.

S3, SNS, SQS, DynamoDB, Glue, STS, IAM and more come from moto; Athena is ``athena/``, on DuckDB; calls to Rekognition
are passed on to ``rekognition/``, a process of its own. Clients need ``AWS_ENDPOINT_URL`` and nothing else. State lives
in memory and ends with the process. ``python -m local.aws`` starts it.
"""
