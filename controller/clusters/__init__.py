"""Where Jobs run, behind one interface: a Kubernetes cluster, or processes of this machine."""
