"""Selects the picture of each sample. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from darknet_torch.augment.picture_draw import UNIFORM, PictureDraw
from darknet_torch.augment.random_streams import RandomStream, SampleSeed, uniform_integer
from darknet_torch.cfg.net import NetOptions


@dataclass(frozen=True)
class PictureOrder:
    """Draws pictures with replacement: single ones, contrastive pairs, or sequences.

    Attributes:
        draw: draws a single picture; sequences start anywhere.
        pairs: a sample in an odd slot shows the same picture as the slot before it.
        streams: number of sequences in a mini-batch; 0 without sequences. The slots of a
            mini-batch are ordered by time step, then by stream.
        speed: a sequence steps through the pictures by 1 to `speed`, at random.
        samples_per_iteration: number of samples in an iteration.
        sequences: number of groups of consecutive samples in an iteration; new sequences start
            with each group.
        sequence_scales: (iteration, factor) pairs; from that iteration on `sequences` is
            multiplied by the factor.
        max_sequences: upper bound of `sequences`.

    Source: data.c get_sequential_paths, get_random_paths_custom (AlexeyAB), network.c
    get_current_seq_subdivisions.
    """

    draw: PictureDraw = UNIFORM
    pairs: bool = False
    streams: int = 0
    speed: int = 1
    samples_per_iteration: int = 1
    sequences: int = 1
    sequence_scales: tuple[tuple[int, float], ...] = ()
    max_sequences: int = 1

    @staticmethod
    def from_net(net: NetOptions) -> PictureOrder:
        """Read the options of [net]."""
        mini_batch = max(1, net.batch // net.subdivisions)
        sequences = net.sequential_subdivisions or net.subdivisions
        return PictureOrder(
            pairs=net.contrastive,
            streams=mini_batch if net.track else 0,
            speed=max(1, net.augment_speed),
            samples_per_iteration=mini_batch * net.time_steps * net.subdivisions,
            sequences=min(sequences, net.subdivisions),
            sequence_scales=tuple(zip(net.steps, net.seq_scales, strict=False)),
            max_sequences=net.subdivisions,
        )

    def group_leader(self, seed: SampleSeed) -> SampleSeed:
        """The sample whose random numbers apply to this one: the first of its pair or sequence."""
        if self.streams:
            return seed.with_slot(self._first_slot(seed))
        return seed.with_slot(seed.slot - seed.slot % 2) if self.pairs else seed

    def picture_candidates(self, seed: SampleSeed, count: int) -> Iterator[int]:
        """The indices of pictures to try for a sample, the chosen one first.

        Args:
            seed: the sample.
            count: number of pictures.

        Yields:
            The chosen index, then all indices in random order, in case a picture is broken.
        """
        random = self.group_leader(seed).generator(RandomStream.PICTURE)
        if self.streams:
            speed = uniform_integer(random, 1, self.speed)
            starts = random.integers(count, size=self.streams)
            step, stream = divmod(seed.slot - self._first_slot(seed), self.streams)
            start = starts[stream - stream % 2 if self.pairs else stream]
            yield int((start + step * speed) % count)
        else:
            yield self.draw.index(random, self.group_leader(seed), count)
        yield from map(int, random.permutation(count))

    def _first_slot(self, seed: SampleSeed) -> int:
        count = float(self.sequences)
        for iteration, scale in self.sequence_scales:
            if iteration > seed.iteration:
                break
            count = int(count * scale)
        parts = max(1, min(int(count), self.max_sequences))
        starts = [index * self.samples_per_iteration // parts for index in range(parts)]
        return max(start for start in starts if start <= seed.slot)
