"""A broadcast beside its peers: the server that answers, the ways to send, and the judge of its log."""
