"""The edge to roaming partners: OCPI 2.2.1 over HTTP, both as server and as client."""
