"""Label Studio's webhooks, as events of the ledger; pure.

Deletions have ids and nothing else, neither the task nor a time, so the moment of receipt counts.
Ids of deleted tasks are given out again. What is known of a task is when it was made, for each
annotation brings its whole task along. So an annotation that is older than the latest word on its
task, be that a deletion or another task of the same id, is gone, in whichever order they come.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from app.hooks.notices import MadeAnnotation, MadeTask, Notice, SentTask
from app.hooks.translation import Book, Told
from app.labels.store import Word
from app.labels.wire import LabelEvent, LabelState
from app.platforms.label_studio import annotation_ref, task_ref

SceneOf = Callable[[SentTask], str | None]
"""Returns the id of the scene that a task is; None where it is none of the dataset."""


def translate(
    notice: Notice, source: str, received_at: datetime, book: Book, scene_of: SceneOf
) -> Told:
    """Say to the ledger what a webhook says.

    Parameters
    ----------
    notice
        The webhook.
    source
        What the ledger calls the project.
    received_at
        When it came.
    book
        What the ledger says of the project so far.
    scene_of
        Knows which scene a task is.
    """
    telling = _Telling(source, book, scene_of)
    telling.prepare(notice)
    for task in notice.created:
        telling.make(task, is_labelled=task.is_labeled)
    for annotation, task in notice.annotated:
        telling.make(task, is_labelled=False)
        telling.annotate(annotation, task)
    telling.remove_tasks(notice.gone_tasks, received_at)
    telling.remove_annotations(notice.gone_annotations, received_at)
    return Told(tuple(telling.events), telling.silenced)


class _Telling:
    """Collects what an event says; knows what it has said already."""

    def __init__(self, source: str, book: Book, scene_of: SceneOf) -> None:
        self._source = source
        self._book = book
        self._scene_of = scene_of
        self._said: dict[str, Word] = {}
        self._under: dict[str, dict[str, None]] = defaultdict(dict)
        self.events: list[LabelEvent] = []
        self.silenced: dict[str, datetime] = {}

    def prepare(self, notice: Notice) -> None:
        """Look up at once what is said of all that a webhook names."""
        refs = {task_ref(task.id) for task in notice.tasks} | {*map(task_ref, notice.gone_tasks)}
        refs |= {_alone(annotation.id) for annotation, _ in notice.annotated}
        self._learn(self._book.said(refs))
        again = {task.id for task in notice.tasks if self._is_again(task)}
        if again:
            self._learn(self._book.under(again))

    def make(self, task: MadeTask, *, is_labelled: bool) -> None:
        """Let a task be there; what is said of an earlier one of its id is taken back."""
        ref, moment = task_ref(task.id), task.created_at
        word = self._said.get(ref)
        if self._is_again(task):
            self._remove_under(task.id, moment)
        scene_id = self._scene_of(task)
        if scene_id is None:
            if word is not None and word.at < moment:
                self._remove(word, moment)
        elif word is None or word.at < moment or (is_labelled and word.at == moment):
            state = LabelState.LABELLED if is_labelled else LabelState.QUEUED
            self._say(Word(ref, scene_id, state, moment))

    def annotate(self, annotation: MadeAnnotation, task: MadeTask) -> None:
        """Say what an annotation says, unless it is gone already."""
        scene_id = self._scene_of(task)
        if scene_id is None:
            return
        moment = annotation.updated_at
        ends = [
            word.at
            for word, since in (
                (self._said.get(task_ref(task.id)), task.created_at),
                (self._said.get(_alone(annotation.id)), None),
            )
            if word is not None and word.at >= moment and (since is None or word.at > since)
        ]
        ref = annotation_ref(task.id, annotation.id)
        if ends:
            self._say(Word(ref, scene_id, LabelState.REMOVED, max(ends)))
            return
        state = LabelState.SKIPPED if annotation.was_cancelled else LabelState.LABELLED
        self._say(Word(ref, scene_id, state, moment), annotation.spent)

    def remove_tasks(self, tasks: Sequence[int], moment: datetime) -> None:
        """Let tasks be gone, and with them their annotations: of those nothing is sent."""
        if tasks:
            self._learn(self._book.under(set(tasks)))
        for task in tasks:
            ref = task_ref(task)
            self._remove(self._said.get(ref, Word(ref, "", LabelState.REMOVED, moment)), moment)
            self._remove_under(task, moment)

    def remove_annotations(self, annotations: Sequence[int], moment: datetime) -> None:
        """Let annotations be gone, also those that nobody has heard of yet."""
        found = self._book.annotated(set(annotations)) if annotations else {}
        self._remove_all(found.values(), moment)
        self.silenced |= {_alone(annotation): moment for annotation in annotations}

    def _is_again(self, task: MadeTask) -> bool:
        """Tell whether something is said of an earlier task of this id."""
        word = self._said.get(task_ref(task.id))
        return word is not None and word.at < task.created_at

    def _remove_under(self, task: int, moment: datetime) -> None:
        self._remove_all([self._said[ref] for ref in self._under[task_ref(task)]], moment)

    def _learn(self, words: Mapping[str, Word]) -> None:
        """Know what is said, and of annotations under which task."""
        self._said |= words
        for ref in words:
            task, slash, _ = ref.partition("/")
            if slash:
                self._under[task][ref] = None

    def _remove_all(self, words: Iterable[Word], moment: datetime) -> None:
        for word in words:
            if word.state is not LabelState.REMOVED and word.at <= moment:
                self._remove(word, moment)

    def _remove(self, word: Word, moment: datetime) -> None:
        if word.scene_id:
            self._say(Word(word.ref, word.scene_id, LabelState.REMOVED, moment))
        else:
            self.silenced[word.ref] = moment
            self._said[word.ref] = word._replace(at=moment)

    def _say(self, word: Word, spent: Mapping[str, float] | None = None) -> None:
        self._learn({word.ref: word})
        self.events.append(
            LabelEvent(
                scene_id=word.scene_id,
                state=word.state,
                source=self._source,
                ref=word.ref,
                at=word.at,
                spent=dict(spent or {}),
            )
        )


def _alone(annotation: int) -> str:
    """Return the reference of an annotation whose task is not known."""
    return f"annotation:{annotation}"
