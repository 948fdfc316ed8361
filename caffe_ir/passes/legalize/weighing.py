"""Which of several forms is the best for a net: their costs, with what each fault elsewhere would be worth."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from math import inf

from msgspec import Struct

from caffe_ir.cost import FLOAT, work
from caffe_ir.layers import BVLC
from caffe_ir.memory import held
from caffe_ir.net import Net
from caffe_ir.passes.legalize.choice import REFUSED, SELDOM, WRONG, Choice, Share, in_weights
from caffe_ir.targets import FOR_SPEED
from caffe_ir.targets.price import Price, mean_of
from caffe_ir.targets.target import Target

EQUAL = 0.01
"""Of the net's cost: what all layers of a kind may cost more in a form that more targets compute rightly."""
REFUSAL = 0.1
"""The same where the files are for other targets as well, in a form that one of them fewer refuses: who has that one
must convert again, with its --target."""
FOR_ALL = 1.0
"""The same in files that are for old converters too, as that all of them compute a net is what these are for: for
X2Paddle a small YOLOv4 costs 1.4 to 1.7 times as much, for caffe2onnx a U-Net of bilinear maps 1.3 to 1.4 times."""
ELSEWHERE = 0.05
"""The same in a form that one old converter or compiler fewer refuses."""
UNTRUTH = 8.0
"""The same in a form that one of them fewer gets wrong in silence, which no speed makes up for; but a net of seconds
shall not become one of minutes for a program that its user may not have."""
FOR_NOBODY = 1.0
"""The same in a form that some of them compute where none computes the other one: with an LSTM of Caffe's the files
would be for Caffe alone. Its steps take 1.04 to 1.24 times as long in BVLC Caffe (CRNNs of 4 LSTMs of 64 and 256 over
26 steps)."""
MORE = 0.5
"""The same where a form writes as many more numbers in weights as the net holds, in weights and blobs: once more those
that layers share, as readers find weights in each layer, or a matrix once for each of many groups. A CRNN of 4 LSTMs
of 256 over 26 steps is 131 MB instead of 22, 5 times more, and is for all readers; one over 300 steps would be 640 MB
instead of 3.5, and stays Caffe's LSTM."""
TIMES, LARGER = 3, 0.05
"""A form is out that holds more than so many times what another one does, for no lower cost, and by so much of the
net's blobs more, for all layers of its kind together."""
CALL = 0.5
"""Of a layer's price: such a difference counts in no net, however small it is."""
CLOSE = 2e-6
"""What float32 may lose by a form, of the largest value: a few roundings."""
OFF = 1.11e-8
"""What the formulas of all layers of a kind may be off by together: 19 of them by 5.8e-10."""
ATTENTION = 3
"""In nets that multiply activations so many times less, since an error comes in by each of three factors: of the 9e-9
of 12 layers in torchvision's swin_t 1.2e-9 came out at the end of the net, of the 4.4e-8 of 45 in maxvit_t 7.3e-9."""


class Weighing(Struct, kw_only=True, dict=True):
    """Weighs forms by what they are of one net; its cost and its blobs are counted once, when they are first asked for.

    `attends`: whether the net as it came multiplies activations; later its products may be other layers.
    """

    net: Net
    target: Target
    attends: bool = False
    others: frozenset[str] = frozenset()
    """The readers besides the target that the files are for; none where one of them refuses the net anyway."""

    def best(self, tried: list[Choice], share: Share) -> Choice:
        """The form to take for a layer that is such a share of all of its kind."""
        tried = self._near_enough(tried, share)
        tried = [one for one in tried if one.loss <= CLOSE] or tried
        tried = [one for one in tried if not any(self._saves(other, one, share) for other in tried)]
        if self.target.for_others:
            return min(tried, key=lambda one: self._burden(one, share))
        least = min(one.cost for one in tried)
        equal = [one for one in tried if one.cost <= least + self._part(EQUAL * share.work)]
        return min(equal, key=lambda one: (not self._is_native(one), sum(one.breaks.values()), one.cost))

    def rules_out(self, least: float, tried: list[Choice], share: Share) -> bool:
        """Whether a form that costs so much at least is not the best beside these, so that nobody need build it."""
        return least > min((self._most(one, share) for one in tried if one.loss <= CLOSE), default=inf)

    def _near_enough(self, tried: list[Choice], share: Share) -> list[Choice]:
        """Of several formulas the first that is near enough for all layers of the kind: the nearer ones hold more."""
        formulas = [one for one in tried if one.form.error]
        near = [one for one in formulas if one.form.error <= self._off * share.layers]
        kept = (near or sorted(formulas, key=lambda one: one.form.error))[:1]
        return [one for one in tried if not one.form.error or one in kept]

    def _most(self, one: Choice, share: Share) -> float:
        """What a form may cost that is better than this one."""
        return self._burden(one, share) if self.target.for_others else one.cost + self._part(EQUAL * share.work)

    def _is_native(self, one: Choice) -> bool:
        """Whether a form has a layer of the target's own, which BVLC Caffe lacks: its programs know what that means."""
        own = (node for node in one.new.nodes if type(node.layer) not in BVLC)
        return any(self.target.holds(node.layer, one.new.shapes_of(node.bottoms), self.net.images) for node in own)

    @cached_property
    def _held(self) -> int:
        """The numbers in all blobs of the net as it came."""
        return held(self.net).blobs // FLOAT

    @cached_property
    def _weights(self) -> int:
        """The numbers in all weights of the net as it came."""
        return in_weights(self.net.nodes)

    @cached_property
    def price(self) -> Price:
        """What work costs the target, or on average those that the files are for; nothing is known of others."""
        if not self.target.for_others:
            return self.target.price
        readers = [other.price for other in FOR_SPEED if other.name in self.others]
        return mean_of([price for price in (self.target.price, *readers) if price.is_fitted] or [self.target.price])

    @cached_property
    def _whole(self) -> float:
        """What its layers cost together, in nanoseconds."""
        works = (work(node.layer, self.net.shapes_of(node.bottoms)) for node in self.net.nodes)
        return sum(map(self.price.of, works))

    @property
    def _off(self) -> float:
        """What the formulas of a kind may be off by together."""
        return OFF / ATTENTION if self.attends else OFF

    def _saves(self, other: Choice, one: Choice, share: Share) -> bool:
        """Whether another form costs no more, and holds so much less that who refuses it does not count.

        Who gets it wrong in silence does.
        """
        if self._is_for_nobody(other):
            return False
        if other is one or one.kept or other.kept or other.cost > one.cost or one.held <= TIMES * other.held:
            return False
        as_true = all(one.breaks.get(name) == WRONG for name, fault in other.breaks.items() if fault == WRONG)
        return as_true and one.held > other.held + LARGER * share.work * self._held

    def _burden(self, one: Choice, share: Share) -> float:
        """The cost of a form, what its faults elsewhere would be worth, and the weights that it adds."""
        if not one.breaks and not one.added:
            return one.cost
        faults = Counter(one.breaks.values())
        usual = FOR_ALL if self.target.for_converters else REFUSAL
        refusal = FOR_NOBODY if self._is_for_nobody(one) else usual
        more = MORE * self._whole * one.added / (self._weights + self._held)
        prices = ((WRONG, UNTRUTH), (REFUSED, refusal), (SELDOM, ELSEWHERE))
        worth = sum(faults[fault] * price for fault, price in prices)
        return one.cost + (self._part(worth * share.work) if faults else 0.0) + more

    def _is_for_nobody(self, one: Choice) -> bool:
        """Whether no reader besides the target computes it."""
        return bool(self.others) and all(one.breaks.get(name) in (REFUSED, WRONG) for name in self.others)

    def _part(self, share: float) -> float:
        """Nanoseconds that are a share of the net's, or what does not count in any."""
        return max(share * self._whole, CALL * self.price.layer)
