"""A real API server for tests: etcd and kube-apiserver as processes on loopback, with certificates of their own."""
