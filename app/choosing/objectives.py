"""What a seed can maximise: the one table that doors, page, help and documents read.

Each objective states its formula and its source; ``docs/seed-quality.md`` says which one to take.
`app.choosing.building` makes problems of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from app.errors import InvalidRequestError
from features.settings import AUTO

RECOMMENDED: Final = "recommended"
"""The objective that stands for the one which suits a pool best: the default at every door."""

_FORMER: Final = MappingProxyType({"auto": RECOMMENDED})
"""Former names, still understood."""

FeatureToken = Literal["auto", "cls", "patch_keys", "patches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """Something that a seed can maximise.

    Parameters
    ----------
    name
        As users write it.
    label
        As the page shows it.
    description
        One sentence for users.
    formula
        What is maximised, S being the seed.
    source
        Where it comes from.
    token
        Which vectors it wants of images where the user does not say: ``"auto"`` is the paper's
        choice, see :class:`features.settings.FeatureSettings`.
    """

    name: str
    label: str
    description: str
    formula: str
    source: str
    token: FeatureToken = "patches"  # noqa: S105  which vectors, no secret


_SAMET = "Samet et al., ICCV 2023"

_ALL = (
    Objective(
        name=RECOMMENDED,
        label="Recommended",
        description="The certified seed of several objectives that makes the best first model of "
        "the pool's own pseudo-tasks.",
        formula="the seed of coverage, or that of facility_location, balanced or k_center whose "
        "mean accuracy on pseudo-tasks, standardised by random seeds, is clearly higher",
        source="the evidence of docs/seed-quality.md",
    ),
    Objective(
        name="seedal",
        label="SeedAL",
        description="The paper's: scenes that differ from each other and within themselves.",
        formula="sum over pairs i < j of S of (1 - intra_i) (1 - intra_j) (1 - inter_ij)",
        source=f"{_SAMET}, section 3",
        token=AUTO,
    ),
    Objective(
        name="pairwise",
        label="Pairwise",
        description="Scenes that differ from each other, whatever is within.",
        formula="sum over pairs i < j of S of (1 - inter_ij)",
        source=f"{_SAMET}, section 3, without the intra-scene factor",
        token=AUTO,
    ),
    Objective(
        name="centred",
        label="Centred",
        description="Scenes that differ from each other in what sets them apart from the pool.",
        formula="sum over pairs i < j of S of (1 - cos(u_i, u_j)), u_i along m_i - mean m",
        source="pairwise, on centred features (Mu and Viswanath, ICLR 2018, on why to centre)",
    ),
    Objective(
        name="facility_location",
        label="Facility location",
        description="Every scene of the pool has one in the seed that looks like it.",
        formula="sum over j of the pool of max over i in S of (1 + cos(u_i, u_j)) / 2",
        source="Cornuejols, Fisher and Nemhauser 1977; Wei, Iyer and Bilmes, ICML 2015",
    ),
    Objective(
        name="k_center",
        label="K-center",
        description="No scene of the pool is far from all of the seed.",
        formula="- max over j of the pool of min over i in S of |u_i - u_j|",
        source="Gonzalez 1985; Sener and Savarese, ICLR 2018",
    ),
    Objective(
        name="coverage",
        label="Coverage",
        description="All that the pool shows is seen, and no part of it over and over.",
        formula="mean over levels of the sum over words w of p_w a_w / (a_w + 0.3 b p_w), "
        "a_w = images' worth of w in S, p_w = w's share of the pool, "
        "b = images that the budget buys at the average price, at least 1",
        source="concave over modular: Lin and Bilmes, ACL 2011; words: Sivic and Zisserman, 2003",
    ),
    Objective(
        name="spread",
        label="Spread",
        description="Each scene tells what the others do not.",
        formula="log det(I + K_S / 0.1), K_ij = exp(-|u_i - u_j|^2 / h), h the median square",
        source="D-optimal design; Krause, Singh and Guestrin, JMLR 2008; Kulesza and Taskar 2012",
    ),
    Objective(
        name="balanced",
        label="Balanced",
        description="Coverage, and 0.3 times as much spread.",
        formula="coverage + 0.3 spread / (log(11) max(10, number of scenes that the budget buys))",
        source="both of these; the shares by the evidence of docs/seed-quality.md",
    ),
)

OBJECTIVES: Final[Mapping[str, Objective]] = MappingProxyType({one.name: one for one in _ALL})
"""Every objective by its name."""


def canonical(name: str) -> str:
    """Return the present name of an objective that is asked for by a former one."""
    return _FORMER.get(name, name)


def require_objective(name: str) -> Objective:
    """Return an objective by its name, or by a former one.

    Raises
    ------
    InvalidRequestError
        There is none of that name.
    """
    known = OBJECTIVES.get(canonical(name))
    if known is None:
        detail = f"There is no objective {name!r}; there are {', '.join(OBJECTIVES)}."
        raise InvalidRequestError(detail, "#/objective")
    return known
