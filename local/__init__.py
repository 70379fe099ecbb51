"""The application on one machine, without an AWS account: for trying it and for testing it."""
