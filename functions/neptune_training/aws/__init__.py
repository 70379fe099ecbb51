"""Access to AWS: the TrainingJobs table, Neptune, model files in S3.

Imports only `model`. The caller makes the boto3 clients.
"""
