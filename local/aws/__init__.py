"""The offline AWS endpoint: one HTTP address for every AWS API that the pipeline uses.

moto answers for S3, SNS, SQS, DynamoDB, Glue, STS, IAM and more. ``athena/`` runs Athena's queries on DuckDB.
Calls to Rekognition go on to ``rekognition/``, a process of its own. Clients need ``AWS_ENDPOINT_URL`` and
nothing else. The endpoint keeps its state in memory and loses it when it ends. ``python -m local.aws`` starts
it.
"""
