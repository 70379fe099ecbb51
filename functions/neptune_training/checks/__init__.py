"""Checks before a training starts: the event, the request, the model directory, its scripts and documents.

Imports `aws` and `model`. Uploaded code is parsed, but never run.
"""
