"""Where pods may run, as whom, and with which names resolved (Kubernetes core)."""

from argotui.model.manifest.container import (
    AppArmorProfile,
    SeccompProfile,
    SELinuxOptions,
    WindowsSecurityContextOptions,
)
from argotui.model.manifest.meta import LabelSelector
from argotui.model.manifest.parts import Int32, Int64, IntOrString, Part


class NodeSelectorRequirement(Part):
    """One condition on a node."""

    key: str
    """Label or field of the node."""
    operator: str
    """In, NotIn, Exists, DoesNotExist, Gt or Lt."""
    values: list[str] | None = None
    """Values to compare with."""


class NodeSelectorTerm(Part):
    """Conditions on a node, all of which must hold."""

    match_expressions: list[NodeSelectorRequirement] | None = None
    """Conditions on labels."""
    match_fields: list[NodeSelectorRequirement] | None = None
    """Conditions on fields."""


class NodeSelector(Part):
    """Terms of which at least one must hold."""

    node_selector_terms: list[NodeSelectorTerm]
    """The terms."""


class PreferredSchedulingTerm(Part):
    """A wish about the node."""

    weight: Int32
    """How much it counts, 1 to 100."""
    preference: NodeSelectorTerm
    """The wish."""


class NodeAffinity(Part):
    """Rules about the node."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    """What must hold when the pod is placed."""
    preferred_during_scheduling_ignored_during_execution: list[PreferredSchedulingTerm] | None = None
    """What should hold when the pod is placed."""


class PodAffinityTerm(Part):
    """Pods that this one wants near, or away."""

    topology_key: str
    """Node label that says what near means."""
    label_selector: LabelSelector | None = None
    """Which pods."""
    match_label_keys: list[str] | None = None
    """Labels whose values must be equal to this pod's."""
    mismatch_label_keys: list[str] | None = None
    """Labels whose values must differ from this pod's."""
    namespaces: list[str] | None = None
    """Namespaces to look in; this pod's if not given."""
    namespace_selector: LabelSelector | None = None
    """Further namespaces to look in."""


class WeightedPodAffinityTerm(Part):
    """A wish about other pods."""

    weight: Int32
    """How much it counts, 1 to 100."""
    pod_affinity_term: PodAffinityTerm
    """The wish."""


class PodAffinity(Part):
    """Rules about pods to be near."""

    required_during_scheduling_ignored_during_execution: list[PodAffinityTerm] | None = None
    """What must hold when the pod is placed."""
    preferred_during_scheduling_ignored_during_execution: list[WeightedPodAffinityTerm] | None = None
    """What should hold when the pod is placed."""


class PodAntiAffinity(Part):
    """Rules about pods to stay away from."""

    required_during_scheduling_ignored_during_execution: list[PodAffinityTerm] | None = None
    """What must hold when the pod is placed."""
    preferred_during_scheduling_ignored_during_execution: list[WeightedPodAffinityTerm] | None = None
    """What should hold when the pod is placed."""


class Affinity(Part):
    """Rules about where a pod is placed."""

    node_affinity: NodeAffinity | None = None
    """Rules about the node."""
    pod_affinity: PodAffinity | None = None
    """Pods to be near."""
    pod_anti_affinity: PodAntiAffinity | None = None
    """Pods to stay away from."""


class Toleration(Part):
    """A taint that the pod puts up with."""

    key: str | None = None
    """Key of the taint; all if empty."""
    operator: str | None = None
    """Exists or Equal."""
    value: str | None = None
    """Value of the taint, for Equal."""
    effect: str | None = None
    """NoSchedule, PreferNoSchedule or NoExecute; all if empty."""
    toleration_seconds: Int64 | None = None
    """How long, for NoExecute."""


class HostAlias(Part):
    """Names for an address in the pod's hosts file."""

    ip: str
    """The address."""
    hostnames: list[str] | None = None
    """Its names."""


class PodDNSConfigOption(Part):
    """One resolver option."""

    name: str | None = None
    """Name of the option."""
    value: str | None = None
    """Value of the option."""


class PodDNSConfig(Part):
    """Resolver settings of a pod."""

    nameservers: list[str] | None = None
    """Addresses of name servers."""
    searches: list[str] | None = None
    """Search domains."""
    options: list[PodDNSConfigOption] | None = None
    """Resolver options."""


class Sysctl(Part):
    """One kernel setting."""

    name: str
    """Name of the setting."""
    value: str
    """Value of the setting."""


class PodSecurityContext(Part):
    """Security settings of a pod and defaults for its containers."""

    run_as_user: Int64 | None = None
    """UID of the processes."""
    run_as_group: Int64 | None = None
    """GID of the processes."""
    run_as_non_root: bool | None = None
    """Whether to refuse to run as root."""
    fs_group: Int64 | None = None
    """Group that owns the files of volumes."""
    fs_group_change_policy: str | None = None
    """When ownership is changed: OnRootMismatch or Always."""
    supplemental_groups: list[Int64] | None = None
    """Further groups of the processes."""
    supplemental_groups_policy: str | None = None
    """Whether groups of the image count too: Merge or Strict."""
    se_linux_options: SELinuxOptions | None = None
    """SELinux labels."""
    se_linux_change_policy: str | None = None
    """How volumes get their labels: MountOption or Recursive."""
    seccomp_profile: SeccompProfile | None = None
    """Seccomp profile."""
    app_armor_profile: AppArmorProfile | None = None
    """AppArmor profile."""
    sysctls: list[Sysctl] | None = None
    """Kernel settings."""
    windows_options: WindowsSecurityContextOptions | None = None
    """Settings for Windows."""


class PodResourceClaim(Part):
    """A device claim that containers of the pod can use."""

    name: str
    """Name that containers refer to."""
    resource_claim_name: str | None = None
    """An existing claim."""
    resource_claim_template_name: str | None = None
    """A template from which a claim is made for the pod."""


class PodDisruptionBudgetSpec(Part):
    """How many pods of the workflow may be evicted at a time."""

    min_available: IntOrString | None = None
    """Pods that must stay, a number or a percentage."""
    max_unavailable: IntOrString | None = None
    """Pods that may be missing, a number or a percentage."""
    selector: LabelSelector | None = None
    """Which pods; those of the workflow if not given."""
    unhealthy_pod_eviction_policy: str | None = None
    """Whether pods that are not ready may be evicted: IfHealthyBudget or AlwaysAllow."""
