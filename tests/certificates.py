"""Certificates that only a test trusts."""

from pathlib import Path

import trustme


def certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """One for `names` together with its authority, so that the file serves a server and its clients; and its key."""
    authority = trustme.CA()
    made = authority.issue_cert(*names)
    chain, key = folder / "certificate.pem", folder / "key.pem"
    made.private_key_pem.write_to_path(key)
    for each in (*made.cert_chain_pems, authority.cert_pem):
        each.write_to_path(chain, append=True)
    return chain, key
