"""The operator's settings for plain calls: those that have no default mean nothing, the others are the template's."""

from neptune_training.model.settings import Settings

REQUIRED: dict[str, object] = {
    "training_jobs_table": "jobs",
    "neptune_endpoint_url": "https://neptune",
    "model_bucket": "models",
    "model_prefix": "models/",
    "train_model_s3_location": "s3://trained",
}


def settings(**said: object) -> Settings:
    """Return settings with these values. Raises TypeError for an unknown name, ValidationError for a wrong value."""
    if unknown := said.keys() - Settings.model_fields:
        raise TypeError(f"there is no setting {', '.join(sorted(unknown))}")
    return Settings.model_validate({**REQUIRED, **said})
