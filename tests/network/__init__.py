"""`start` and `track` in Neptune's VPC: a namespace from which three addresses can be reached, and no other.

    this namespace: AWS, on loopback, and Neptune             the VPC's: the functions
    ┌─────────────────────────────────────────────┐           ┌───────────────────────┐
    │ queue, stream, notify, SNS, everything else │           │                       │
    │ S3        ◄── TLS, 10.77.0.11:443 ──────────┼── veth ───┤ start, track          │
    │ DynamoDB  ◄── TLS, 10.77.0.12:443 ──────────┼── veth ───┤ no other route,       │
    │ Neptune ML    TLS, 10.77.0.13:8182 ─────────┼── veth ───┤ no name server        │
    └─────────────────────────────────────────────┘           └───────────────────────┘

The first two stand for the gateway endpoints. The functions have no AWS_ENDPOINT_URL: they use AWS's real names, which
only a hosts file knows, and trust the certificates as they would AWS's. `e2e/test_network.py` runs it.
"""
