"""What is wrong with a workflow, template or cron workflow, all of it at once and told where (§3.4)."""

from argotui.engine.validate.document import validate
from argotui.engine.validate.finding import Finding
from argotui.engine.validate.resolution import TemplateSource

__all__ = ["Finding", "TemplateSource", "validate"]
