"""argotui on a cluster: the objects that its controller and its users need, put there and taken away again."""
