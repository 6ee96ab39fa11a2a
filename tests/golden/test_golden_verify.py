"""`seedal verify`: certificates that hold, and those that do not."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from doors import run_seedal
from problems_on_disk import write_rules
from stored import Golden, Plain

RULES: Final = {"include": ["scene-2"], "max_scenes": 5, "groups": [{"group": "odd", "min": 2}]}

PROVEN: Final[dict[str, tuple[tuple[str, ...], Any]]] = {
    "signatures": (("rooms.npz", "--budget", "35%"), None),
    "signatures with rules": (("rooms.npz", "--budget", "35%"), RULES),
    "signatures within a gap": (("rooms.npz", "--budget", "35%", "--gap", "0.05"), None),
    "signatures with a side budget": (
        ("rooms.npz", "--budget", "35%"),
        {"labelled": ["scene-1"], "side_budgets": [{"resource": "hours", "limit": 15}]},
    ),
    "worth of their own": (("profits.npz", "--budget", "30%"), None),
    "pairs": (("pairs.txt",), None),
}

BROKEN: Final[dict[str, dict[str, object]]] = {
    "a larger objective": {"objective": 1e6, "upper_bound": 1e6},
    "a bound below the objective": {"upper_bound": 0.0},
    "another budget": {"budget": 1.0},
    "a budget that is no number": {"budget": "much"},
    "no selection": {"selected": []},
    "other inputs": {"problem": {"objective": "signatures", "items": 16, "sha256": "0"}},
    "no proof": {"proof": {"tree": [], "points": [], "top": 1e6, "shifts": []}},
    "another format": {"format": "other/1"},
}


def _shape(proof: Any) -> Any:  # noqa: ANN401 any JSON
    """Return a proof's members: how large it is, and its numbers, depend on the machine."""
    return sorted(proof)


def _without_sizes(out: Any) -> Any:  # noqa: ANN401 any JSON
    """Return what `verify` says without how large the proof is."""
    if isinstance(out, dict):
        return {name: told for name, told in out.items() if name not in {"nodes", "bounds"}}
    return [re.sub(r"\(\d+ nodes, \d+ bounds\)", "(<size>)", line) for line in out]


def _certify(folder: Path, question: str) -> tuple[str, Path, list[str]]:
    words, rules = PROVEN[question]
    rest = [] if rules is None else ["--constraints", str(write_rules(folder / "r.json", rules))]
    proof = folder / "proof.json"
    done = run_seedal("solve", *words, "--time-limit", 60, "--certificate", proof, *rest)
    assert done.status == 0, done.err
    return words[0], proof, rest


@pytest.mark.parametrize("question", PROVEN)
def test_certificates_stay(question: str, problems: Path) -> None:
    """A certificate states the same claims about the same hash, and `verify` accepts it."""
    file, proof, rest = _certify(problems, question)
    certificate = json.loads(proof.read_text())
    certificate["proof"] = _shape(certificate["proof"])
    verified = run_seedal("verify", file, proof, "--json").answer()
    lines = run_seedal("verify", file, proof, *rest).answer()
    answer = {"certificate": certificate, "verify": verified, "verify for people": lines}
    for sizes in (verified, lines):
        sizes["out"] = _without_sizes(sizes["out"])
    Golden("verify").holds(question, Plain()(answer))


@pytest.mark.parametrize("change", BROKEN)
def test_refutations_stay(change: str, problems: Path) -> None:
    """What is wrong with a certificate is told in the same sentence, with exit 1."""
    file, proof, _ = _certify(problems, "signatures")
    proof.write_text(json.dumps(json.loads(proof.read_text()) | BROKEN[change]))
    answers = [run_seedal("verify", file, proof, *words).answer() for words in ((), ("--json",))]
    Golden("verify").holds(change, Plain()(answers))


def test_what_a_certificate_is_held_to_stays(problems: Path) -> None:
    """A budget and rules that are insisted on are compared with those of the certificate."""
    file, proof, rest = _certify(problems, "signatures with rules")
    other = write_rules(problems / "other.json", RULES | {"max_scenes": 4})
    asked = {
        "the same": ("--budget", "35%", *rest),
        "another budget": ("--budget", "41", *rest),
        "other rules": ("--constraints", str(other)),
    }
    answers = {name: run_seedal("verify", file, proof, *w).answer() for name, w in asked.items()}
    Golden("verify").holds("what it is held to", Plain()(answers))
