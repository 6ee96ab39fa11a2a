import pytest

from app.choosing.budgets import parse_budget
from app.errors import BudgetError


@pytest.mark.parametrize(
    ("text", "limit"),
    [("6500000", 6_500_000), ("6_500_000", 6_500_000), ("6.5e6", 6_500_000), (" 3 % ", 300)],
)
def test_budgets_are_read_as_people_write_them(text: str, limit: float) -> None:
    """Amounts come back as they are, percentages as a part of the total."""
    assert parse_budget(text).within(10_000) == pytest.approx(limit)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lots", "neither a number nor a percentage"),
        ("", "neither a number nor a percentage"),
        ("nan", "neither a number nor a percentage"),
        ("1,5", "neither a number nor a percentage"),
        ("-5", "at least 0, not -5"),
        ("1e999", "finite number"),
        ("0%", "above 0 % and at most 100 %"),
        ("101%", "above 0 % and at most 100 %"),
    ],
)
def test_other_budgets_are_refused_with_the_rule(text: str, sentence: str) -> None:
    """Whatever is no budget is refused in one sentence."""
    with pytest.raises(BudgetError, match=sentence):
        parse_budget(text)
