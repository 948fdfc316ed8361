"""All passes in the order in which they run, and `lower`, which runs them.

The order, with its reasons:
- heads first: what a head is reduced to decides which blobs are outputs, and so what is dead.
- dead before the others: nobody should lower, or be warned of, what is not read.
- lrn_chain and mish_chain before what lowers the parts of the chain.
- unpooling while a Pooling still says where its maxima are; what it writes is like any other layer of a source.
- one_sequence before lstm, which weighs Caffe's LSTM against what unroll writes.
- lstm before layout, which sees its permutations; unroll behind lstm, which takes what Caffe's own layer computes, and
  behind layout, for which the steps are many layers that it can do nothing for.
- rearrangement before cells and layout: a shuffle written as views is known by its name while the views are there.
- cells before narrow, which takes the same Gathers for parts of one blob.
- narrow and expand before layout: they join what else would be several permutations. layout while each layer still says
  what it means.
- pad_into_window while windows and pads are the source's; division before constant_operand, which takes its products
  with constants.
- dead again behind unroll, whose last step is not read as a whole, and before unread_parts, which asks who reads.
- coefficients behind constant_operand, which takes sums with constants whole.
- clipped_root behind constant_operand, which makes bounds of maxima, and before legalize, which writes them; dead
  behind these, since a constant that became weights would be lowered by itself.
- unread_parts when all that cuts blobs for several readers is done; outputs_apart while layers are the source's, so
  that a form finds every output apart.
- legalize when all that looks at several layers as the source means them is done; what a form leaves is lowered where
  it is left, so there is no order among forms.
- signed_maxima behind legalize, when nothing is left that the target refuses, and what is never negative comes
  from layers of Caffe; legalize_later for what it made.
- pooled_maps behind legalize, whose forms spread what was pooled.
- few_axes behind constant_operand, whose Scales have a view of four axes, and before reshape, which joins its views.
- reshape before legalize, which is asked about views as well, and again when all views are made.
- bias after legalize, which adds with Scale; fold_batch_norm after both: it needs every reader of a convolution.
- sign after fold_batch_norm, which leaves one layer with weights; power_chain after all that writes Power,
  linear_behind_power for what it leaves.
- read_twice behind what takes constant factors together, which its own would go into.
- rows_by_reshape when the views are spelled, by reshape and by layout.
- dead behind all that rewrites: what a pass made and a later one left unread; spare_inputs when all that reads an input
  and is read by nothing is gone.
- picture_input behind all that changes the first layer: it is Caffe's own by then, with its last weights; and behind
  spare_inputs, since it draws a picture into a net of one input.
- kept_apart behind dead, which takes views out that change nothing.
- names before in_place: it takes a name that is free, and a blob that is overwritten later has no name of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from caffe_ir.error_kinds.general import OUR_FAULT
from caffe_ir.error_kinds.targets import NO_EXACT_FORM
from caffe_ir.errors import ConversionError, Problem, Problems
from caffe_ir.net import Net
from caffe_ir.passes.base import Context, NetPass, Options, Pass, run_pass
from caffe_ir.passes.bias import BIAS
from caffe_ir.passes.cells import CELLS
from caffe_ir.passes.clipped_root import CLIPPED_ROOT
from caffe_ir.passes.coefficients import COEFFICIENTS
from caffe_ir.passes.constant_operand import CONSTANT_OPERAND
from caffe_ir.passes.dead import DEAD
from caffe_ir.passes.division import DIVISION
from caffe_ir.passes.expand import EXPAND
from caffe_ir.passes.few_axes import FEW_AXES
from caffe_ir.passes.fold_batch_norm import FOLD_BATCH_NORM
from caffe_ir.passes.heads import HEADS
from caffe_ir.passes.in_place import IN_PLACE
from caffe_ir.passes.kept_apart import KEPT_APART
from caffe_ir.passes.layout import LAYOUT
from caffe_ir.passes.layout.names import LAYOUT_NAMES
from caffe_ir.passes.legalize import LEGALIZE, LEGALIZE_LATER
from caffe_ir.passes.linear_behind_power import LINEAR_BEHIND_POWER
from caffe_ir.passes.lrn_chain import LRN_CHAIN
from caffe_ir.passes.lstm import NATIVE_LSTM
from caffe_ir.passes.mish_chain import MISH_CHAIN
from caffe_ir.passes.names import NAMES
from caffe_ir.passes.narrow import NARROW
from caffe_ir.passes.one_sequence import ONE_SEQUENCE
from caffe_ir.passes.outputs_apart import OUTPUTS_APART
from caffe_ir.passes.pad_into_window import PAD_INTO_WINDOW
from caffe_ir.passes.picture_input import PICTURE_INPUT
from caffe_ir.passes.pooled_maps import POOLED_MAPS
from caffe_ir.passes.power_chain import POWER_CHAIN
from caffe_ir.passes.read_twice import READ_TWICE
from caffe_ir.passes.rearrangement import REARRANGEMENT
from caffe_ir.passes.reshape import RESHAPE
from caffe_ir.passes.rows_by_reshape import ROWS_BY_RESHAPE
from caffe_ir.passes.scale_behind import SCALE_BEHIND
from caffe_ir.passes.sign import SIGN
from caffe_ir.passes.signed_maxima import SIGNED_MAXIMA
from caffe_ir.passes.spare_inputs import SPARE_INPUTS
from caffe_ir.passes.unpooling import UNPOOLING
from caffe_ir.passes.unread_parts import UNREAD_PARTS
from caffe_ir.passes.unroll import UNROLL
from caffe_ir.targets.description import EVIDENCE
from caffe_ir.targets.target import Target

PIPELINE: tuple[Pass | NetPass, ...] = (
    HEADS,
    DEAD,
    LRN_CHAIN,
    MISH_CHAIN,
    UNPOOLING,
    ONE_SEQUENCE,
    NATIVE_LSTM,
    REARRANGEMENT,
    CELLS,
    NARROW,
    EXPAND,
    LAYOUT,
    LAYOUT_NAMES,
    UNROLL,
    DEAD,
    UNREAD_PARTS,
    OUTPUTS_APART,
    PAD_INTO_WINDOW,
    DIVISION,
    CONSTANT_OPERAND,
    COEFFICIENTS,
    CLIPPED_ROOT,
    DEAD,
    FEW_AXES,
    RESHAPE,
    LEGALIZE,
    SIGNED_MAXIMA,
    LEGALIZE_LATER,
    POOLED_MAPS,
    RESHAPE,
    BIAS,
    FOLD_BATCH_NORM,
    SIGN,
    POWER_CHAIN,
    LINEAR_BEHIND_POWER,
    READ_TWICE,
    SCALE_BEHIND,
    ROWS_BY_RESHAPE,
    DEAD,
    SPARE_INPUTS,
    PICTURE_INPUT,
    KEPT_APART,
    NAMES,
    IN_PLACE,
)


def lower(net: Net, target: Target, options: Options, after: Callable[[str, Net], None] | None = None) -> Net:
    """Rewrite the net, in place, until the target holds every layer; gives it back.

    `after` is called with the name of each pass and the net that it left. Raises ConversionError with every reason:
    what the passes refuse, and what is left at the end that the target does not hold.
    """
    context, problems = Context(target=target, options=options), Problems()
    for one in PIPELINE:
        try:
            run_pass(one, net, context)
        except ConversionError as error:
            problems.found.extend(error.problems)
            if not net.shapes.keys() >= {top for node in net.nodes for top in node.tops}:
                raise ConversionError(*problems.found) from None  # without all sizes no further pass can work
        if after is not None:
            after(one.name, net)
    told = {problem.origin for problem in problems.found}
    for node, verdict in target.verdicts(net):
        if verdict.is_fault and node.origin not in told:
            problems.add(
                f"{node.name} ({node.layer}) cannot be written for {target.title}",
                why=verdict.why,
                origin=node.origin,
                kind=NO_EXACT_FORM,
            )
    if not problems.found:
        problems.found += _outputs_too_many(net)
    problems.raise_if_any()
    note_evidence(net, target)
    return net


def note_evidence(net: Net, target: Target) -> None:
    """Say of a target that we did not run how its layers and limits are known."""
    if target.evidence != "run":
        net.note("assumed", f"what {target.title} reads is {EVIDENCE[target.evidence]}: {target.source}")


def _outputs_too_many(net: Net) -> Iterator[Problem]:
    """Blobs that an engine would give back though the source does not, since no layer reads them (net.cpp:226-235)."""
    for node in net.nodes:
        for top in node.tops:
            if not net.is_wanted(top):
                what = f"{top}, which no layer reads, would be an output that the source does not have"
                yield Problem(kind=OUR_FAULT, what=what, why="a fault of the passes", origin=node.origin)
