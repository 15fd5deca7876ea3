"""Non-maximum suppression (NMS) of all classes and pictures of a batch at once. No torch.

The result is that of a loop which, per picture and class, takes the box with the highest score,
drops all boxes that overlap it too much, and goes on with the rest. Instead of looping:

1. The boxes are sorted by their left edges, so that those which can overlap a box form a range
   after it. Only those pairs are compared (`_Sweep`).
2. Of each pair that overlaps too much, the box with the higher score wins in each class where
   both are candidates: 64 classes are the bits of one integer (`_winning_bits`).
3. A candidate is kept if no kept one wins against it, which is settled in a few rounds over the
   pairs (`_settle`).

If there are far more pairs than boxes, as among thousands of almost equal boxes, steps 2 and 3
are first done with the candidates of the highest scores only; most others are then dropped by
those that are kept. So memory grows with the boxes, not with the pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from darknet_torch.results.boxes import Overlap, cxcywh_to_xyxy, overlap_function

_PAIRS_AT_ONCE = 1 << 15  # compared in one step: some megabytes of arrays
_ROWS_AT_ONCE = 1 << 12  # of scores, so that they fit the processor's cache
_PAIRS_HELD = 1 << 14  # or twice the number of boxes; more are not worth their time
_ROUNDING = 1e-5  # far above the relative rounding of an overlap, of float32 boxes too

Pairs = tuple[np.ndarray, np.ndarray]


def apply_nms(
    boxes_cxcywh: np.ndarray,
    scores: np.ndarray,
    threshold: float,
    *,
    nms_kind: str = "default",
    beta_nms: float = 0.6,
) -> np.ndarray:
    """Apply NMS to the boxes of one picture, see `suppress_overlaps`."""
    pictures = np.zeros(len(scores), np.intp)
    return suppress_overlaps(
        boxes_cxcywh, scores, pictures, threshold, nms_kind=nms_kind, beta_nms=beta_nms
    )


def suppress_overlaps(
    boxes_cxcywh: np.ndarray,
    scores: np.ndarray,
    pictures: np.ndarray,
    threshold: float,
    *,
    nms_kind: str = "default",
    beta_nms: float = 0.6,
) -> np.ndarray:
    """Non-maximum suppression: per class, drop boxes that overlap a box of a higher score.

    Args:
        boxes_cxcywh: [K, 4] centre x, centre y, width, height.
        scores: [K, C]; 0 where a box is not a candidate for a class. Of equal scores, the first
            counts as the higher one.
        pictures: [K] int, the picture of each box; boxes of different pictures do not meet.
        threshold: boxes that overlap by more than this are dropped; 0 keeps all, as in C.
        nms_kind: which overlap is compared, see `overlap_function`.
        beta_nms: the exponent of nms_kind=diounms.

    Returns:
        [K, C] the scores, with those of dropped boxes set to 0.

    Source: box.c do_nms_sort, diounms_sort (AlexeyAB).
    """
    kept = scores.copy()
    if not threshold or not scores.size:
        return kept
    overlap = overlap_function(nms_kind, beta_nms)
    with np.errstate(over="ignore", invalid="ignore"):  # see _can_overlap
        corners = cxcywh_to_xyxy(boxes_cxcywh)
        candidates = (scores != 0) & _can_overlap(corners, threshold)[:, None]
        rows = np.flatnonzero(candidates.any(1))
        if not len(rows):
            return kept
        groups = np.unique_inverse(pictures).inverse_indices
        flat = np.flatnonzero(candidates)
        row = flat // scores.shape[1]
        column = flat - row * scores.shape[1]
        by_class = groups[row] * scores.shape[1] + column
        if _comparisons(by_class) < _comparisons(groups[rows]):
            sweep = _Sweep.over(corners[row], by_class, threshold, overlap)
            dropped = _find_dropped(sweep, scores[row, column][:, None])[:, 0]
            kept[row[dropped], column[dropped]] = 0
        else:
            sweep = _Sweep.over(corners[rows], groups[rows], threshold, overlap)
            kept[rows] = np.where(_find_dropped(sweep, scores[rows]), 0, scores[rows])
    return kept


def _can_overlap(corners: np.ndarray, threshold: float) -> np.ndarray:
    """Whether each box can overlap another by more than the threshold, [K] bool.

    Boxes without an area, or with one that is too large to compute, have the overlap 0 or NaN.
    """
    if threshold < 0:
        return np.ones(len(corners), bool)
    width, height = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    return (width > 0) & (height > 0) & np.isfinite(width * height)


def _comparisons(groups: np.ndarray) -> float:
    """Return the number of pairs of members of the same group."""
    return float((np.bincount(groups).astype(float) ** 2).sum())


def _find_dropped(sweep: _Sweep, scores: np.ndarray) -> np.ndarray:
    """Return which candidates NMS drops, [K, C] bool.

    Args:
        sweep: over the K boxes.
        scores: [K, C], 0 for no candidate; boxes of one group and class compete.
    """
    undecided = candidates = _to_bits(scores != 0)
    kept = np.zeros_like(candidates)
    ranking = None
    while undecided.any():
        best, (part, pairs) = undecided, _collect_pairs(sweep, undecided)
        if part < 1:
            ranking = _rank(scores, undecided, ranking)
            best, pairs = _choose_best(sweep, scores.shape, ranking, part)
        newly_kept = _settle_all(scores, best, pairs)
        kept |= newly_kept
        undecided = undecided & ~best
        _drop_beaten(sweep, scores, newly_kept, undecided)
    return _from_bits(candidates & ~kept, scores.shape[1])


@dataclass(frozen=True)
class _Sweep:
    """Finds the pairs of K boxes of the same group that overlap by more than a threshold.

    Attributes:
        corners: [K, 4] left, top, right, bottom.
        threshold: see `suppress_overlaps`.
        overlap: the function whose value is compared with the threshold.
        order: [K] the boxes sorted by group and left edge.
        stop: [K] the boxes that follow one in that order and reach it horizontally end before
            this place.
        top, bottom: [K] float64, edges of the shrunk boxes in that order, see `_shrink`.
    """

    corners: np.ndarray
    threshold: float
    overlap: Overlap
    order: np.ndarray
    stop: np.ndarray
    top: np.ndarray
    bottom: np.ndarray

    @staticmethod
    def over(
        corners: np.ndarray, groups: np.ndarray, threshold: float, overlap: Overlap
    ) -> _Sweep:
        """Sort boxes, [K, 4] left, top, right, bottom, of groups [K], numbers from 0."""
        left, top, right, bottom = _shrink(corners, threshold)
        by_left = np.argsort(left)
        reached = np.searchsorted(left[by_left], right[by_left], side="right")
        by_group = np.argsort(groups[by_left], kind="stable")
        order = by_left[by_group]
        base = groups[order] * len(order)  # plus a place: whole numbers that sort like `order`
        stop = np.searchsorted(base + by_group, base + reached[by_group])
        return _Sweep(corners, threshold, overlap, order, stop, top[order], bottom[order])

    def pairs(self, first: np.ndarray, second: np.ndarray) -> Iterator[tuple[float, Pairs]]:
        """Yield the pairs of a box of `first` and a following one of `second`, [K] bool each.

        Yields:
            Which part of the work is done, 0-1, and the indices of the boxes of some pairs.
        """
        left, right = np.flatnonzero(first[self.order]), np.flatnonzero(second[self.order])
        start = np.searchsorted(right, left, side="right")
        count = np.maximum(np.searchsorted(right, self.stop[left]) - start, 0)
        done = np.concatenate(([0], np.cumsum(count)))
        begin = 0
        while done[begin] < done[-1]:
            end = int(np.searchsorted(done, done[begin] + _PAIRS_AT_ONCE, side="right")) - 1
            end = max(end, begin + 1)
            some = slice(begin, end)
            after = np.repeat(start[some] - done[some], count[some])
            after += np.arange(done[begin], done[end])
            yield done[end] / done[-1], self._overlapping(left[some], count[some], right[after])
            begin = end

    def _overlapping(self, left: np.ndarray, count: np.ndarray, right: np.ndarray) -> Pairs:
        """Return the pairs that overlap enough; `left` meets the next `count` of `right`."""
        touch = self.top[right] <= np.repeat(self.bottom[left], count)
        touch &= np.repeat(self.top[left], count) <= self.bottom[right]
        near = np.flatnonzero(touch)
        one = self.order[np.repeat(left, count)[near]]
        other = self.order[right[near]]
        enough = self.overlap(self.corners[one], self.corners[other]) > self.threshold
        return one[enough], other[enough]


def _shrink(corners: np.ndarray, threshold: float) -> tuple[np.ndarray, ...]:
    """Return left, top, right, bottom of boxes shrunk so that overlapping ones still touch.

    If the IoU of two boxes is above the threshold, they share more than that fraction of the
    larger width, and so of both widths' mean; as much can be cut off both, and of the heights
    likewise. No kind of overlap is larger than the IoU.
    """
    if threshold < 0:
        infinite = np.full(len(corners), np.inf)
        return -infinite, -infinite, infinite, infinite
    left, top, right, bottom = corners.T.astype(np.float64)
    width, height = right - left, bottom - top
    # Areas so small that they are rounded to few digits have any overlap.
    exact = width * height * threshold > 2 * np.finfo(corners.dtype).tiny
    cut = np.where(exact, threshold / 2 * (1 - _ROUNDING), 0)
    return left + cut * width, top + cut * height, right - cut * width, bottom - cut * height


def _winning_bits(scores: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the classes, as bits [P, W], in which each box beats the other one of its pair.

    Args:
        scores: [K, C]; of equal ones, that of the first box counts as the higher one.
        one, other: [P] indices of the boxes.
    """
    bits = np.empty((len(one), -(-scores.shape[1] // 64)), np.uint64)
    for start in range(0, len(one), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        ours, theirs = scores.take(one[rows], 0), scores.take(other[rows], 0)
        earlier = (one[rows] < other[rows])[:, None]
        bits[rows] = _to_bits((ours > theirs) | ((ours == theirs) & earlier))
    return bits


def _to_bits(flags: np.ndarray) -> np.ndarray:
    """Pack [K, C] bool into [K, W] uint64, 64 classes in each."""
    packed = np.packbits(flags, axis=1)
    padding = -packed.shape[1] % 8
    return np.pad(packed, ((0, 0), (0, padding))).view(np.uint64)


def _from_bits(bits: np.ndarray, classes: int) -> np.ndarray:
    """Unpack [K, W] uint64 into [K, C] bool."""
    return np.unpackbits(bits.view(np.uint8), axis=1, count=classes).view(bool)


def _boxes_of(candidates: np.ndarray) -> np.ndarray:
    """Return which boxes are candidates, bits [K, W], for any class, [K] bool."""
    return np.asarray(candidates.any(1))


def _rank(scores: np.ndarray, undecided: np.ndarray, ranking: np.ndarray | None) -> np.ndarray:
    """Return the flat indices into [K, C] of undecided candidates, those of high scores first.

    Args:
        scores: [K, C].
        undecided: the candidates, as bits [K, W].
        ranking: what this function returned for these candidates and others, if it did.
    """
    flags = _from_bits(undecided, scores.shape[1]).ravel()
    if ranking is not None:
        return ranking[flags[ranking]]
    flat = np.flatnonzero(flags)
    return flat[np.argsort(-scores.ravel()[flat], kind="stable")]


def _choose_best(
    sweep: _Sweep, shape: tuple[int, ...], ranking: np.ndarray, part: float
) -> tuple[np.ndarray, Pairs]:
    """Choose candidates with the highest scores, so many that their pairs are not too many.

    Args:
        sweep: over the boxes.
        shape: K, C.
        ranking: the flat indices of all candidates, see `_rank`.
        part: which part of all pairs was collected.

    Returns:
        The candidates as bits [K, W], and the pairs of boxes among them that overlap.
    """
    count = len(ranking)
    while True:
        # The number of pairs grows with the square of that of the candidates.
        count = max(1, int(0.9 * count * part**0.5))
        flags = np.zeros(shape, bool)
        flags.flat[ranking[:count]] = True
        best = _to_bits(flags)
        part, pairs = _collect_pairs(sweep, best)
        if part == 1:
            return best, pairs


def _collect_pairs(sweep: _Sweep, candidates: np.ndarray) -> tuple[float, Pairs]:
    """Collect the pairs of boxes of some candidates that overlap, unless they are too many.

    Args:
        sweep: over the boxes.
        candidates: [K, W] bits.

    Returns:
        Which part of the pairs was collected before it was given up, 0-1, and these pairs.
    """
    boxes = _boxes_of(candidates)
    limit = max(_PAIRS_HELD, 2 * int(np.count_nonzero(boxes)))
    parts, held, done = [(np.zeros(0, np.intp),) * 2], 0, 1.0
    for part, pairs in sweep.pairs(boxes, boxes):
        parts.append(pairs)
        held, done = held + len(pairs[0]), part
        if held > limit:
            break
    one, other = zip(*parts, strict=True)
    return done, (np.concatenate(one), np.concatenate(other))


def _settle_all(scores: np.ndarray, candidates: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Return which of some candidates are kept, both bits [K, W], given all overlapping pairs."""
    one, other = pairs
    both = candidates[one] & candidates[other]
    wins = _winning_bits(scores, one, other)
    better, worse = np.concatenate((one, other)), np.concatenate((other, one))
    bits = np.concatenate((both & wins, both & ~wins))
    words = zip(candidates.T, bits.T, strict=True)
    return np.stack([_settle(word, better, worse, wins) for word, wins in words], 1)


def _settle(
    undecided: np.ndarray, better: np.ndarray, worse: np.ndarray, wins: np.ndarray
) -> np.ndarray:
    """Return the candidates against which no kept one wins.

    Args:
        undecided: [K] the classes for which each box is a candidate, as bits.
        better, worse: [P] indices of pairs of boxes.
        wins: [P] the classes in which the first box of each pair wins, as bits.

    Returns:
        [K] bits.
    """
    kept = np.zeros_like(undecided)
    while True:
        wins = wins & undecided[better] & undecided[worse]
        some = wins != 0
        better, worse, wins = better[some], worse[some], wins[some]
        if not len(wins):
            return kept | undecided
        beaten = np.zeros_like(kept)
        np.bitwise_or.at(beaten, worse, wins)
        leaders = undecided & ~beaten
        dropped = np.zeros_like(kept)
        np.bitwise_or.at(dropped, worse, wins & leaders[better])
        kept |= leaders
        undecided = undecided & ~leaders & ~dropped


def _drop_beaten(
    sweep: _Sweep, scores: np.ndarray, kept: np.ndarray, undecided: np.ndarray
) -> None:
    """Remove the candidates against which a kept one wins from the undecided ones, in place."""
    keepers, others = _boxes_of(kept), _boxes_of(undecided)
    beaten = np.zeros_like(undecided)
    for _, (one, other) in sweep.pairs(keepers, others):
        _add_bits(beaten, other, kept[one] & _winning_bits(scores, one, other))
    for _, (one, other) in sweep.pairs(others, keepers):
        _add_bits(beaten, one, kept[other] & ~_winning_bits(scores, one, other))
    undecided &= ~beaten


def _add_bits(total: np.ndarray, rows: np.ndarray, bits: np.ndarray) -> None:
    """Set bits [P, W] in rows [P] of `total` [K, W], in place; a row may occur several times."""
    for word in range(total.shape[1]):  # along one axis `at` is many times faster
        np.bitwise_or.at(total[:, word], rows, bits[:, word])
