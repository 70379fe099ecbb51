"""Access to AWS: the TrainingJobs table, Neptune, model files in S3, SageMaker and its logs.

Imports only `model`. The caller makes the boto3 clients.
"""
