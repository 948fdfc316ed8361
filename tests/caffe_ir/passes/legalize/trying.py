"""Forms made up for a test, and what is chosen of them."""

from __future__ import annotations

from msgspec.structs import replace

from caffe_ir.forms import Form
from caffe_ir.passes import legalize
from caffe_ir.passes.base import Context, Options, run_pass
from caffe_ir.passes.legalize import LEGALIZE, choice, weighing
from caffe_ir.targets import CAFFE
from tests.caffe_ir.build import add, net_of
from tests.caffe_ir.passes.rewriting import CONTEXT

SHAPE = (1, 4, 16, 16)


def chain(*layers):
    def build(new):
        x = new.old.bottom
        for layer in layers:
            x = new.add("step", layer, x)
        return ""

    return build


def refusing(reason, new):
    return reason


def forms_of(monkeypatch, kind, **builds):
    forms = tuple(Form(name=name, build=build) for name, build in builds.items())
    monkeypatch.setattr(legalize, "FORMS", {**vars(legalize)["FORMS"], kind: forms})
    return forms


def without(*kinds):
    layers = {kind: limits for kind, limits in CAFFE.layers.items() if kind not in kinds}
    return Context(target=replace(CAFFE, name="less", layers=layers), options=Options())


def lowered(layer, context=CONTEXT, shape=SHAPE):
    net = net_of(shape)
    add(net, "y", layer)
    run_pass(LEGALIZE, net, context)
    return [node.layer.type_name() for node in net.nodes[1:]]


def widespread(monkeypatch, *targets):
    """Let these be the readers that files are for, and are chosen by the times of, with no compiler beside them."""
    for module in (choice, legalize):
        monkeypatch.setattr(module, "WIDESPREAD", targets)
    monkeypatch.setattr(weighing, "FOR_SPEED", targets)
    no_compilers(monkeypatch)


def no_compilers(monkeypatch):
    """RKNN-Toolkit2 may leave out an AbsVal, so that it is written otherwise."""
    for module in (choice, legalize):
        monkeypatch.setattr(module, "COMPILERS", ())
