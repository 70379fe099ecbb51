"""Access to AWS: the TrainingJobs table, Neptune, model files in S3.

Imports `model` only. Clients are handed in; nothing here makes one.
"""
