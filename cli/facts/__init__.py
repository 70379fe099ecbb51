"""Facts of the account: frozen values, read from AWS when a rule first needs them.

    aws           asks AWS; a permission that is missing becomes `NotCheckable`
    permissions   which IAM action each call needs
    facts         everything about one stack, or about the parameters of one
    cluster, network, stack, storage, messaging, identity, quotas    the values, and how each is read
    routes, policies, security    rules on these values, without I/O

Nothing here writes to the account.
"""
