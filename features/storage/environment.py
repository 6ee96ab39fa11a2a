"""What the process's environment says about object stores and proxies.

Credentials come from here alone. obstore reads ``AWS_*``, ``GOOGLE_*`` and ``AZURE_*`` itself; this
module decides when a store is asked without a signature, and when without TLS.
"""

import os
from collections.abc import Mapping
from typing import Final
from urllib.request import getproxies_environment, proxy_bypass

_PREFIXES: Final[Mapping[str, str]] = {
    "s3": "AWS_",
    "s3a": "AWS_",
    "gs": "GOOGLE_",
    "gcs": "GOOGLE_",
    "az": "AZURE_",
    "azure": "AZURE_",
    "adl": "AZURE_",
    "abfs": "AZURE_",
    "abfss": "AZURE_",
}
_CREDENTIALS: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS_": (
        "ACCESS_KEY_ID",
        "WEB_IDENTITY_TOKEN_FILE",
        "CONTAINER_CREDENTIALS_RELATIVE_URI",
        "CONTAINER_CREDENTIALS_FULL_URI",
    ),
    "GOOGLE_": (
        "APPLICATION_CREDENTIALS",
        "SERVICE_ACCOUNT",
        "SERVICE_ACCOUNT_PATH",
        "SERVICE_ACCOUNT_KEY",
    ),
    "AZURE_": (
        "STORAGE_ACCOUNT_KEY",
        "STORAGE_ACCESS_KEY",
        "STORAGE_SAS_KEY",
        "STORAGE_SAS_TOKEN",
        "STORAGE_TOKEN",
        "STORAGE_CLIENT_SECRET",
        "CLIENT_SECRET",
        "FEDERATED_TOKEN_FILE",
    ),
}


def variables(scheme: str) -> tuple[tuple[str, str], ...]:
    """Return the variables that a store of this scheme depends on, sorted."""
    prefix = _PREFIXES[scheme]
    return tuple(sorted(item for item in os.environ.items() if item[0].startswith(prefix)))


def is_anonymous(scheme: str) -> bool:
    """Tell whether requests go unsigned: no credentials are set.

    Without this, libraries ask the machine's metadata service for a role. ``AWS_SKIP_SIGNATURE``
    (``GOOGLE_``, ``AZURE_``) decides where it is set: ``false`` lets that service be asked.
    """
    prefix = _PREFIXES[scheme]
    names = {*_CREDENTIALS[prefix], "SKIP_SIGNATURE"}
    return not any(os.environ.get(prefix + name) for name in names)


def allows_http(scheme: str) -> bool:
    """Tell whether a store's own address is set and starts with ``http://``."""
    return any(
        value.lower().startswith("http://") and ("ENDPOINT" in name or "URL" in name)
        for name, value in variables(scheme)
    )


def has_proxy(scheme: str, host: str) -> bool:
    """Tell whether ``HTTP_PROXY``, ``HTTPS_PROXY`` or ``ALL_PROXY`` stands before a host."""
    proxies = getproxies_environment()
    return bool({scheme, "all"} & proxies.keys()) and not proxy_bypass(host, proxies)
