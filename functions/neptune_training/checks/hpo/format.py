"""The format of a configuration. The JSON Schema for editors is made from these models and descriptions.

Unknown keys are errors, because a misspelt key would silently have no effect. Several forms of a number are accepted,
because published files have `3`, `3.0` and `"3"`. A field's description says what to write: it becomes a remedy.
"""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from neptune_training.checks.hpo.values import MAX_OPTIONS, Amount, Number, Positive, Value
from neptune_training.checks.pydantic_errors import Format

MAX_PARAMETERS = 100  # service model `sagemaker`: HyperParameters
MAX_DEFINITIONS = 40  # the same: MetricDefinitionList
MAX_REGEX_CHARACTERS = 500  # the same: MetricRegex

BuiltIn = Literal["rgcn", "transe", "distmult", "rotate"]
KINDS = ("custom", *get_args(BuiltIn))
Task = Literal["node_class", "node_regression", "edge_class", "edge_regression", "link_predict", "link_prediction"]
Growth = Literal["perM", "per10M", "per100M"]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}$")]
MetricText = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=MAX_REGEX_CHARACTERS)]


class Part(BaseModel):
    """A part of the file. Other keys than its own are an error."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True, frozen=True)


class Parameter(Part):
    """A hyperparameter that the search can tune."""

    param: ParameterName = Field(description="the name that the script takes after --: letters, digits, _, . and -")
    type: Literal["int", "float", "bool", "str"] = Field(description="int, float, bool or str")
    range: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = Field(
        None, description="the least and the greatest value, such as [16, 128]"
    )
    options: Annotated[list[Value], Field(min_length=1, max_length=MAX_OPTIONS)] | None = Field(
        None, description=f"a list of 1 to {MAX_OPTIONS} values to choose from, instead of a range"
    )
    inc_strategy: Literal["linear", "log", "power2"] | None = Field(
        None, description="linear, log or power2: how the values in the range are spaced"
    )
    inc_val: Positive | None = Field(None, description="the step between two values in the range, above 0")
    node_strategy: Growth | None = Field(
        None, description="perM, per10M or per100M: how the range grows with the graph's nodes"
    )
    edge_strategy: Growth | None = Field(
        None, description="perM, per10M or per100M: how the range grows with the graph's edges"
    )
    default: Value | None = Field(None, description="the value it takes when it is not tuned")


class FixedParameter(Parameter):
    """A hyperparameter that always takes its default. It can still have the range that it had in a tier."""

    default: Value = Field(description="the value that it always takes")


class TuningObjective(Part):
    """The metric that the search optimises, and in which direction."""

    MetricName: MetricText = Field(description="the Name of one of the metric_definitions")
    Type: Literal["Maximize", "Minimize"] = Field(description="Maximize or Minimize")


class MetricDefinition(Part):
    """A metric, and how SageMaker finds it in the script's output."""

    Name: MetricText = Field(description="the metric's name, 1 to 255 characters")
    Regex: Expression = Field(
        description="a regular expression of at most 500 characters whose first group is the number, "
        r'such as "Validation loss: ([0-9\\.]+)"'
    )


class CustomMetric(Part):
    """The metrics that compare the trials of a custom model."""

    tuning_objective: TuningObjective = Field(description="an object with MetricName and Type")
    metric_definitions: Annotated[list[MetricDefinition], Field(min_length=1, max_length=MAX_DEFINITIONS)] = Field(
        description=f"a list of 1 to {MAX_DEFINITIONS} objects with Name and Regex"
    )


class BuiltInMetric(Part):
    """The metric that compares the trials of a built-in model."""

    metric: Annotated[str, Field(min_length=1, max_length=255)] = Field(
        description="acc, acc_topk, F1, mse, mrr, precision, recall or roc_auc"
    )
    topk: Annotated[int, Field(ge=1)] | None = Field(
        None, description="a number of predictions, such as 3: how many of the best ones acc_topk looks at"
    )


class EvalFrequency(Part):
    """Hold how often a trial is evaluated."""

    type: Literal["evaluate_every_epoch", "evaluate_every_batch", "evaluate_every_pct"] = Field(
        description="evaluate_every_epoch, evaluate_every_batch or evaluate_every_pct"
    )
    value: Amount = Field(description="a number of epochs or batches; for evaluate_every_pct a fraction, such as 0.1")


class ModelBase(Part):
    """The part that both kinds of model have."""

    task_type: Task = Field(
        description="node_class, node_regression, edge_class, edge_regression, link_predict or link_prediction"
    )
    eval_frequency: EvalFrequency | None = Field(None, description="an object with type and value")
    tier_1: list[Parameter] = Field(
        alias="1-tier-param",
        max_length=MAX_PARAMETERS,
        description="a list of parameters that are always tuned; it can be empty",
    )
    tier_2: list[Parameter] = Field(
        alias="2-tier-param",
        max_length=MAX_PARAMETERS,
        description="a list of parameters that are tuned with more than 10 trials; it can be empty",
    )
    tier_3: list[Parameter] = Field(
        alias="3-tier-param",
        max_length=MAX_PARAMETERS,
        description="a list of parameters that are tuned with more than 50 trials; it can be empty",
    )
    fixed: list[FixedParameter] = Field(
        alias="fixed-param",
        max_length=MAX_PARAMETERS,
        description="a list of parameters that are never tuned; it can be empty",
    )


class CustomModel(ModelBase):
    """A model that is trained by the user's own script."""

    model: Literal["custom"] = Field(description="custom")
    eval_metric: CustomMetric = Field(description="an object with tuning_objective and metric_definitions")


class BuiltInModel(ModelBase):
    """A model that is built into Neptune ML."""

    model: BuiltIn = Field(description="rgcn, transe, distmult or rotate")
    eval_metric: BuiltInMetric = Field(description='an object with metric, such as {"metric": "F1"}')


def kind(model: object) -> str:
    """Return which kind of model an object describes. If `model` is misspelt, its metric decides."""
    if not isinstance(model, dict):
        return "built-in" if isinstance(model, BuiltInModel) else "custom"
    metric = model.get("eval_metric")
    custom = model.get("model") == "custom" or (isinstance(metric, dict) and "tuning_objective" in metric)
    return "custom" if custom else "built-in"


class HpoFile(Part):
    """The hyperparameters of a Neptune ML model."""

    schema_: str | None = Field(None, alias="$schema", description="this schema's address, for editors")
    models: list[
        Annotated[Annotated[CustomModel, Tag("custom")] | Annotated[BuiltInModel, Tag("built-in")], Discriminator(kind)]
    ] = Field(min_length=1, max_length=1, description="a list of exactly one model: with more, the tuning job fails")

    @property
    def model(self) -> CustomModel | BuiltInModel:
        """Return the one model."""
        return self.models[0]


FORMAT = Format(HpoFile, {"custom": CustomModel, "built-in": BuiltInModel}, {"model": KINDS})
