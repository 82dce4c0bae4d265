"""Parameters, and what templates take and give back."""

from argotui.model.manifest.artifact import Artifact
from argotui.model.manifest.meta import ConfigMapKeySelector
from argotui.model.manifest.parts import (
    AnyString,
    Part,
)


class SuppliedValueFrom(Part):
    """A value that a person gives while the step waits."""


class ValueFrom(Part):
    """Where the value of a parameter comes from; give exactly one, and a default if you like."""

    path: str | None = None
    """File of the container whose content is the value."""
    parameter: str | None = None
    """Output of a step, e.g. {{steps.count.outputs.result}}."""
    expression: str | None = None
    """Expression that gives the value."""
    supplied: SuppliedValueFrom | None = None
    """A person gives the value while the step waits."""
    config_map_key_ref: ConfigMapKeySelector | None = None
    """Key of a ConfigMap."""
    json_path: str | None = None
    """Path into the object of a resource template."""
    jq_filter: str | None = None
    """jq filter over the object of a resource template."""
    event: str | None = None
    """Expression over the event that starts the workflow."""
    default: AnyString | None = None
    """Value when the source gives none."""


class Parameter(Part):
    """A named text."""

    name: str
    """Name of the parameter."""
    value: AnyString | None = None
    """Its value; numbers and booleans become texts."""
    default: AnyString | None = None
    """Value when none is given."""
    value_from: ValueFrom | None = None
    """Where the value comes from."""
    global_name: str | None = None
    """Name under which an output becomes an output of the workflow."""
    enum: list[AnyString] | None = None
    """Values that may be chosen."""
    description: AnyString | None = None
    """What the parameter is for."""


class Inputs(Part):
    """What a template takes."""

    parameters: list[Parameter] | None = None
    """Texts."""
    artifacts: list[Artifact] | None = None
    """Files."""


class Arguments(Part):
    """What a template is given."""

    parameters: list[Parameter] | None = None
    """Texts."""
    artifacts: list[Artifact] | None = None
    """Files."""


class Outputs(Part):
    """What a template gives back."""

    parameters: list[Parameter] | None = None
    """Texts."""
    artifacts: list[Artifact] | None = None
    """Files."""
    result: str | None = None
    """Standard output of the main container; set by the controller."""
    exit_code: str | None = None
    """Exit code of the main container; set by the controller."""
