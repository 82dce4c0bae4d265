"""The work beside a step: argoexec's contract, run inside the kubelet (§4.4 to §4.6, §5)."""
