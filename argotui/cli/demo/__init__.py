"""`argotui demo`: the guide's CI/CD pipeline on the local cluster, in the console or as plain lines."""
