"""The error of labelled data that breaks a rule."""

from app.errors import InvalidRequestError


class LabelledDataError(InvalidRequestError):
    """Labelled data, or the way it is to be cut and paid for, breaks a rule.

    Parameters
    ----------
    place
        The file (with the line number after a colon where there is one), folder or option.
    rule
        What is wrong there, as the end of a sentence.
    """

    slug = "labelled-data"
    title = "The labelled data cannot be used"

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}")
        self.place = place
        self.rule = rule
