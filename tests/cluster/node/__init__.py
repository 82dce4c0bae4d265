"""A node for tests: a scripted kubelet, and beside each step a scripted executor, against any API server.

Nothing runs. What a pod comes to is said by a script; what the executor reads of a pod is read as upstream's reads it,
and whatever it does not expect is noted as a fault.
"""
