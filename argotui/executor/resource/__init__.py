"""What `argoexec resource` does: kubectl's verbs on objects of the cluster, conditions, outputs (§4.8, §5.3)."""
