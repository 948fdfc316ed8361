"""From a picture to boxes: the Caffe files in OpenCV, decoded by us, and AlexeyAB's Darknet, where its library is.

The environment's TOCAFFE_ALEXEYAB names it; `scripts/alexeyab_library` builds it. The nets have the features of his
cfgs, on small inputs; `scripts/boxes --alexeyab` compares the cfgs as they are.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from tests.converters.decode.written_decoders import LANGUAGES, decoder
from tests.end_to_end.darknet_boxes import Net, compared, pictures
from tests.end_to_end.test_alexeyab import conv, route, section
from tests.oracles.alexeyab import detections
from tests.oracles.seeded_weights import ALEXEYAB
from tests.oracles.shrink_cfg import with_options

LIBRARY = os.environ.get("TOCAFFE_ALEXEYAB", "")
pytestmark = pytest.mark.skipif(
    not LIBRARY, reason="TOCAFFE_ALEXEYAB does not name a libdarknet.so (scripts/alexeyab_library)"
)

INPUT = "[net]\nwidth=96\nheight=64\nchannels=3\n"
ANCHORS = "anchors=10,14, 23,27, 37,58, 81,82, 35,69, 44,19"


DEEP = (conv(32, 3, "leaky"),) * 4


def yolo(mask: str, *more: str, kind: str = "yolo") -> str:
    return section(kind, f"mask={mask}", ANCHORS, "classes=3", "num=6", *more)


def head(filters: int, activation: str = "linear") -> str:
    return section("convolutional", f"filters={filters}", "size=1", "pad=1", f"activation={activation}")


def csp(activation: str) -> str:
    """Two heads of new_coords, behind a stage of cross stage partial layers."""
    coords = ("scale_x_y=2.0", "new_coords=1", "nms_kind=diounms", "beta_nms=0.6")
    return INPUT + "".join(
        (
            conv(16, 3, activation, "stride=2"),
            conv(32, 3, activation, "stride=2"),
            conv(16, 1, activation),
            route(-2),
            conv(16, 1, activation),
            conv(16, 3, activation),
            section("shortcut", "from=-2", "activation=linear"),
            route(-1, -5),
            conv(32, 3, activation, "stride=2"),
            head(24, "logistic"),
            yolo("0,1,2", *coords),
            route(-3),
            conv(32, 3, activation, "stride=2"),
            head(24, "logistic"),
            yolo("3,4,5", *coords),
        )
    )


def tiny(*more: str) -> str:
    """A head of logits behind grouped routes, and another behind an upsample."""
    return INPUT + "".join(
        (
            conv(16, 3, "leaky", "stride=2"),
            conv(32, 3, "leaky", "stride=2"),
            route(-1, more="groups=2\ngroup_id=1"),
            conv(16, 3, "leaky"),
            route(-1, -2),
            section("maxpool", "size=2", "stride=2"),
            conv(32, 3, "leaky", "stride=2"),
            head(24),
            yolo("3,4,5", *more),
            route(-3),
            section("upsample", "stride=2"),
            route(-1, -6),
            head(24),
            yolo("0,1,2", *more),
        )
    )


def gaussian(*more: str) -> str:
    """A head that sees past the shapes of the pictures: within one all its boxes would have the same scores."""
    layers = (conv(16, 3, "leaky", "stride=2"), *(conv(32, 3, "leaky", "stride=2") for _ in range(2)), *DEEP, head(36))
    return INPUT + "".join(layers) + yolo("0,1,2", *more, kind="Gaussian_yolo")


def region(*more: str) -> str:
    layers = (conv(16, 3, "leaky", "stride=2"), *(conv(32, 3, "leaky", "stride=2") for _ in range(2)), *DEEP, head(42))
    anchors = "anchors=.57,.67, 1.87,2.06, 3.3,5.4"
    return INPUT + "".join(layers) + section("region", "num=3", "classes=9", "coords=4", anchors, *more)


NETS = {
    "gaussian": gaussian("scale_x_y=1.1"),
    "gaussian cornersnms": gaussian("nms_kind=cornersnms", "yolo_point=right_bottom"),
    "logits cornersnms": tiny("scale_x_y=1.05", "nms_kind=cornersnms"),
    "logits default": tiny("iou_thresh=0.213"),
    "logits greedynms": tiny("scale_x_y=1.05", "iou_thresh=0.213", "nms_kind=greedynms", "beta_nms=0.6"),
    "new_coords mish": csp("mish"),
    "new_coords mish cornersnms": with_options(csp("mish"), ["yolo.nms_kind=cornersnms"]),
    "new_coords mish greedynms": with_options(csp("mish"), ["yolo.nms_kind=greedynms"]),
    "new_coords swish": csp("swish"),
    "region": region(),
    "region softmax": region("softmax=1"),
    "region tree": region("tree=some.tree"),
}


TREE = "".join(f"{n} {parent}\n" for n, parent in enumerate((-1, -1, -1, 0, 0, 2, 2, 3, 3)))


def converted(name: str, fit: str, folder: Path) -> Net:
    tree = folder / "some.tree"
    tree.write_text(TREE)
    options = [f"net.letter_box={int(fit == 'letterbox')}"]
    return Net(folder, with_options(NETS[name], options).replace("some.tree", str(tree)), header=ALEXEYAB)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
def test_the_boxes_are_his(name: str, fit: str, tmp_path: Path) -> None:
    net = converted(name, fit, tmp_path)
    assert net.facts.input.fit == fit
    found = compared(net, pictures(tmp_path, 6), partial(detections, Path(LIBRARY)))
    assert found.same, found
    assert found.ours > 100


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "name", ["gaussian cornersnms", "logits greedynms", "new_coords mish", "region", "region tree"]
)
def test_the_boxes_of_the_written_decoders_are_his(name: str, language: str, tmp_path: Path) -> None:
    net = converted(name, "letterbox", tmp_path)
    decode = decoder(language, tmp_path, net.facts)
    found = compared(net, pictures(tmp_path, 6), partial(detections, Path(LIBRARY)), decode)
    assert found.same, found
    assert found.ours > 100
