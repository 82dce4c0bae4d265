"""What `argoexec agent main` does: the tasks of a WorkflowTaskSet (§4.8)."""
