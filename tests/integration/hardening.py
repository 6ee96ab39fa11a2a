"""Rules for containers and pods, after those of kube-linter, checkov and CIS' benchmarks.

Each rule is a function that yields what breaks it. `test_hardening.py` holds the files to all of
them, and breaks each rule once to see that it is noticed.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

Item = dict[str, Any]

OURS: Final = frozenset({"api", "worker", "worker-gpu", "migrate", "demo"})
_DATABASE: Final = frozenset({"db", "api", "worker", "worker-gpu", "migrate"})
"""The services that need the database."""

_ROOTS: Final = frozenset({"db", "labelstudio"})
"""Whose images start as root, and become another user."""

_BECOMES: Final = frozenset({"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"})
"""What an image needs that starts as root and becomes another user."""

_TAGGED: Final = re.compile(r".+(:(?!latest\b)[\w.-]+|@sha256:[0-9a-f]{64})")


def compose_findings(config: Item) -> list[str]:
    """Return what breaks a rule in a compose file, as `docker compose config` has it."""
    return [
        f"{name}: {finding}"
        for name, service in config["services"].items()
        for rule in _COMPOSE
        for finding in rule(name, service, config)
    ]


def _limits(_: str, service: Item, __: Item) -> Iterator[str]:
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    for kind in ("memory", "cpus", "pids"):
        if not limits.get(kind):
            yield f"no limit of {kind}"


def _privileges(name: str, service: Item, _: Item) -> Iterator[str]:
    if service.get("security_opt") != ["no-new-privileges:true"]:
        yield "may gain privileges"
    if service.get("cap_drop") != ["ALL"]:
        yield "keeps capabilities"
    extra = set(service.get("cap_add", ())) - (_BECOMES if name in _ROOTS else set())
    if extra:
        yield f"gets the capabilities {sorted(extra)}"
    if service.get("privileged") or service.get("pid") == "host" or service.get("ipc") == "host":
        yield "is not kept apart from the host"


def _files(name: str, service: Item, _: Item) -> Iterator[str]:
    if name in {*OURS, "prometheus"} and service.get("read_only") is not True:
        yield "writes to its image"
    for place in service.get("tmpfs", ()):
        if "size=" not in place:
            yield f"{place} may fill the memory"
    for volume in service.get("volumes", ()):
        if "docker.sock" in volume.get("source", ""):
            yield "reaches the engine"
        if volume["type"] == "bind" and not volume.get("read_only"):
            yield f"writes to {volume['source']}"


def _networks(name: str, service: Item, config: Item) -> Iterator[str]:
    nets = set(service.get("networks") or ())
    if service.get("network_mode") or "default" in nets or not nets:
        yield "is in a network of all"
    shared = nets & set(config["services"]["db"].get("networks") or ())
    if shared and name not in _DATABASE:
        yield "reaches the database"
    for net in shared:
        if config["networks"][net].get("internal") is not True:
            yield f"the database's network {net} has a way out"


def _published(_: str, service: Item, __: Item) -> Iterator[str]:
    for port in service.get("ports", ()):
        if port.get("host_ip") != "127.0.0.1":
            yield f"publishes {port.get('published')} beyond this machine"
        if port["target"] in {5432, 9100}:
            yield f"publishes {port['target']}, which is for other containers"


def _pinned(_: str, service: Item, __: Item) -> Iterator[str]:
    if not _TAGGED.fullmatch(service["image"]):
        yield f"{service['image']} may be any version"


_COMPOSE: Final = (_limits, _privileges, _files, _networks, _published, _pinned)


def kubernetes_findings(items: list[Item]) -> list[str]:
    """Return what breaks a rule in a list of Kubernetes' objects."""
    found = [*_policies(items), *_addresses(items)]
    for item in items:
        template = item.get("spec", {}).get("template")
        if template is not None:
            name = f"{item['kind']}/{item['metadata']['name']}"
            findings = (*_pod(template["spec"]), *_reached(template, items))
            found += [f"{name}: {finding}" for finding in findings]
    return found


def _pod(pod: Item) -> Iterator[str]:
    if pod.get("automountServiceAccountToken") is not False:
        yield "has a token for the cluster"
    if pod.get("enableServiceLinks") is not False:
        yield "is told of all services"
    if pod.get("hostNetwork") or pod.get("hostPID") or pod.get("hostIPC"):
        yield "is not kept apart from the node"
    context = pod.get("securityContext", {})
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser", 0) >= 10_000:
        yield "may be root, or a user of the node"
    if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "makes any call of the kernel"
    for volume in pod.get("volumes", ()):
        if "hostPath" in volume:
            yield "reaches the node's files"
        if "emptyDir" in volume and not volume["emptyDir"].get("sizeLimit"):
            yield f"the folder {volume['name']} may fill the node"
    for box in pod["containers"]:
        yield from _container(box)


def _container(box: Item) -> Iterator[str]:
    context = box.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
        yield "may gain privileges"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "writes to its image"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield "keeps capabilities"
    resources = box.get("resources", {})
    for kind in ("cpu", "memory"):
        for bound in ("requests", "limits"):
            if not resources.get(bound, {}).get(kind):
                yield f"no {bound} of {kind}"
    if not _TAGGED.fullmatch(box["image"]):
        yield f"{box['image']} may be any version"
    for entry in box.get("env", ()):
        if re.search(r"password|secret|token", entry["name"], re.IGNORECASE):
            yield f"{entry['name']} is in the environment"


def _selects(policy: Item, labels: dict[str, str]) -> bool:
    selector = policy["spec"]["podSelector"]
    plain = selector.get("matchLabels", {}).items() <= labels.items()
    return plain and all(
        labels.get(each["key"]) in each["values"] and each["operator"] == "In"
        for each in selector.get("matchExpressions", ())
    )


def _of_kind(items: list[Item], kind: str) -> list[Item]:
    return [item for item in items if item["kind"] == kind]


def _policies(items: list[Item]) -> Iterator[str]:
    policies = _of_kind(items, "NetworkPolicy")
    closed = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if closed not in [policy["spec"] for policy in policies]:
        yield "all pods may talk to all"
    for policy in policies:
        name = policy["metadata"]["name"]
        for way in policy["spec"].get("ingress", ()):
            if not way.get("from") or not way.get("ports"):
                yield f"the policy {name} lets everybody in"
        for way in policy["spec"].get("egress", ()):
            if not way.get("to") or not way.get("ports"):
                yield f"the policy {name} lets pods out to everything"
            for target in way.get("to", ()):
                block = target.get("ipBlock", {})
                if block.get("cidr") == "0.0.0.0/0" and "169.254.0.0/16" not in block.get(
                    "except", ()
                ):
                    yield f"the policy {name} lets pods ask for the machine's role"


def _reached(template: Item, items: list[Item]) -> Iterator[str]:
    labels = template.get("metadata", {}).get("labels", {})
    policies = [p for p in _of_kind(items, "NetworkPolicy") if _selects(p, labels)]
    if not any(policy["spec"].get("egress") for policy in policies):
        yield "no policy lets it reach the database"
    for box in template["spec"]["containers"]:
        metrics = [port["name"] for port in box.get("ports", ()) if port["name"] == "metrics"]
        for port in (port["name"] for port in box.get("ports", ())):
            senders = [
                way.get("from")
                for policy in policies
                for way in policy["spec"].get("ingress", ())
                if port in [each["port"] for each in way.get("ports", ())]
            ]
            if len(senders) != 1:
                yield f"the port {port} is for nobody, or for more than one"
        said = {entry["name"] for entry in box.get("env", ())}
        if box.get("ports") and not (metrics and "SEEDAL_METRICS_PORT" in said):
            yield "shows its metrics to all who call it"


def _addresses(items: list[Item]) -> Iterator[str]:
    for service in _of_kind(items, "Service"):
        for port in service["spec"]["ports"]:
            if port["targetPort"] in {"metrics", 9100}:
                yield "a Service shows the metrics"
        if service["spec"].get("type", "ClusterIP") != "ClusterIP":
            yield "a Service goes beyond the cluster"
    for config in _of_kind(items, "ConfigMap"):
        url = config["data"].get("SEEDAL_DATABASE_URL", "")
        if "sslmode=verify-full" not in url:
            yield "the database's server is not checked"
        if re.search(r"//[^/@]*:[^/@]*@", url):
            yield "a password is in a ConfigMap"
