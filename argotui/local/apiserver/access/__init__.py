"""Who asks, and whether they may: authentication by tokens, authorisation by RBAC."""
