"""Small cfgs of the well-known Darknet nets: their blocks, strides and heads, with few filters."""

from __future__ import annotations

from collections.abc import Sequence

MISH, SWISH, LEAKY, RELU, LINEAR = "mish", "swish", "leaky", "relu", "linear"


def cfg(*sections: str, size: int = 64) -> str:
    """A whole cfg for square pictures."""
    return "\n\n".join((f"[net]\nwidth={size}\nheight={size}\nchannels=3", *sections)) + "\n"


def section(name: str, **options: object) -> str:
    return "\n".join((f"[{name}]", *(f"{key}={value}" for key, value in options.items())))


def conv(filters: int, size: int = 3, stride: int = 1, activation: str = LEAKY, **options: object) -> str:
    """With batch norm, and padded to keep the size."""
    fields = {"batch_normalize": 1, "filters": filters, "size": size, "stride": stride, "pad": 1, **options}
    return section("convolutional", **fields, activation=activation)


def head(filters: int) -> str:
    """The 1x1 convolution before a detection layer."""
    return section("convolutional", filters=filters, size=1, stride=1, pad=1, activation=LINEAR)


def route(*layers: int, **options: object) -> str:
    return section("route", layers=",".join(map(str, layers)), **options)


def pool(size: int = 2, stride: int = 2) -> str:
    return section("maxpool", size=size, stride=stride)


def shortcut(place: int = -3, activation: str = LINEAR) -> str:
    return section("shortcut", **{"from": place}, activation=activation)


def yolo(mask: str = "0,1,2") -> str:
    anchors = "10,13, 16,30, 33,23, 30,61, 62,45, 59,119"
    return section("yolo", mask=mask, anchors=anchors, classes=2, num=6)


def region() -> str:
    return section("region", anchors="1.3,1.7, 3.2,4.0, 5.1,8.1", classes=4, coords=4, num=3, softmax=1)


UPSAMPLE = section("upsample", stride=2)
AVERAGE, SOFTMAX = section("avgpool"), section("softmax", groups=1)
CLASSES = head(10)


def residual(filters: int, activation: str = LEAKY) -> Sequence[str]:
    return (conv(filters // 2, 1, activation=activation), conv(filters, activation=activation), shortcut())


def darknet19() -> str:
    body = (conv(8), pool(), conv(16), pool(), conv(24), conv(12, 1), conv(24), pool(), conv(32), CLASSES)
    return cfg(*body, AVERAGE, SOFTMAX)


def tiny_darknet() -> str:
    return cfg(conv(8), pool(), conv(16), pool(), conv(8, 1), conv(32), conv(8, 1), pool(), CLASSES, AVERAGE, SOFTMAX)


def extraction() -> str:
    body = (conv(8, 7, 2), pool(), conv(16), pool(), conv(8, 1), conv(16), conv(8, 1), conv(24), pool())
    return cfg(*body, section("connected", output=20, activation=LINEAR), SOFTMAX)


def densenet() -> str:
    grown = (conv(16, 1), conv(8), route(-1, -3), conv(16, 1), conv(8), route(-1, -3))
    return cfg(conv(16, 7, 2), pool(), *grown, conv(16, 1), pool(), *grown, CLASSES, AVERAGE, SOFTMAX)


def _bottleneck(filters: int, stride: int, groups: int) -> Sequence[str]:
    middle = conv(filters, 3, stride, groups=groups)
    return (conv(filters, 1), middle, conv(2 * filters, 1, activation=LINEAR), shortcut(-4, LEAKY))


def resnet50() -> str:
    body = (conv(16, 7, 2), pool(), *_bottleneck(8, 1, 1), *_bottleneck(16, 2, 1), *_bottleneck(16, 1, 1))
    return cfg(*body, CLASSES, AVERAGE, SOFTMAX)


def resnext50() -> str:
    body = (conv(16, 7, 2), pool(), *_bottleneck(8, 1, 4), *_bottleneck(16, 2, 4), *_bottleneck(16, 1, 4))
    return cfg(*body, CLASSES, AVERAGE, SOFTMAX)


def yolov2() -> str:
    early = (conv(8), pool(), conv(16), pool(), conv(24), pool(), conv(32), pool())
    across = (conv(48), conv(48), route(-4), conv(8, 1), section("reorg", stride=2), route(-1, -4))
    return cfg(*early, conv(48), pool(), *across, conv(48), head(27), region())


def yolov2_tiny() -> str:
    body = (conv(8), pool(), conv(16), pool(), conv(24), pool(), conv(32), pool(2, 1), conv(48), conv(32))
    return cfg(*body, head(27), region())


def yolov3_tiny() -> str:
    early = (conv(8), pool(), conv(16), pool(), conv(24), pool(), conv(32), pool(), conv(40), pool(2, 1), conv(48))
    return cfg(
        *early, conv(16, 1), conv(32), head(21), yolo("3,4,5"),
        route(-4), conv(16, 1), UPSAMPLE, route(-1, 6), conv(24), head(21), yolo(),
    )  # fmt: skip


def _yolov3(middle: Sequence[str]) -> str:
    early = (conv(8), conv(16, 3, 2), *residual(16), conv(24, 3, 2), *residual(24), conv(32, 3, 2), *residual(32))
    last = (*early, conv(48, 3, 2), *residual(48), conv(16, 1), *middle, conv(32), head(21), yolo("3,4,5"))
    return cfg(*last, route(-4), conv(12, 1), UPSAMPLE, route(-1, len(early) - 1), conv(24), head(21), yolo())


def yolov3() -> str:
    return _yolov3(())


SPATIAL_PYRAMID = (pool(5, 1), route(-2), pool(9, 1), route(-4), pool(13, 1), route(-1, -3, -5, -6), conv(16, 1))


def yolov3_spp() -> str:
    return _yolov3(SPATIAL_PYRAMID)


def yolov4() -> str:
    """Partial stages with mish, and the pyramid of pools."""

    def stage(filters: int) -> Sequence[str]:
        half = filters // 2
        return (
            conv(filters, 3, 2, MISH),
            conv(half, 1, activation=MISH),
            route(-2),
            *(conv(half, 1, activation=MISH), conv(half, 1, activation=MISH), conv(half, 3, activation=MISH)),
            shortcut(),
            conv(half, 1, activation=MISH),
            route(-1, -7),
            conv(filters, 1, activation=MISH),
        )

    early = (conv(8, activation=MISH), *stage(16), *stage(24))
    last = (*early, *stage(32), conv(16, 1), *SPATIAL_PYRAMID)
    return cfg(
        *last, conv(8, 1), UPSAMPLE, route(len(early) - 1), conv(8, 1), route(-1, -3),
        conv(24), head(21), yolo(), route(-5), conv(24, 3, 2), route(-1, len(last) - 1),
        conv(32), head(21), yolo("3,4,5"),
    )  # fmt: skip


def yolov4_tiny() -> str:
    def stage(filters: int) -> Sequence[str]:
        half = route(-1, groups=2, group_id=1)
        across = (conv(filters // 2), conv(filters // 2), route(-1, -2), conv(filters, 1), route(-6, -1), pool())
        return (conv(filters), half, *across)

    last = (conv(8, 3, 2), conv(16, 3, 2), *stage(16), *stage(24), conv(32), conv(16, 1), conv(32), head(21))
    return cfg(*last, yolo("3,4,5"), route(-4), conv(8, 1), UPSAMPLE, route(-1, 15), conv(24), head(21), yolo())


def yolov7_tiny() -> str:
    def stage(half: int) -> Sequence[str]:
        parts = (conv(half, 1), route(-2), conv(half, 1), conv(half), conv(half))
        return (*parts, route(-5, -3, -2, -1), conv(2 * half, 1))

    early = (conv(8, 3, 2), conv(16, 3, 2), *stage(8), pool(), *stage(12))
    last = (*early, pool(), *stage(16), conv(16, 1), *SPATIAL_PYRAMID)
    across = (conv(8, 1), UPSAMPLE, route(len(early) - 1), conv(8, 1), route(-1, -3), *stage(8), conv(16))
    return cfg(*last, *across, section("convolutional", filters=21, size=1, pad=1, activation="logistic"), yolo())


def _squeezed(filters: int, wide: int, size: int, stride: int, activation: str) -> Sequence[str]:
    """Widen, filter by channel, squeeze and excite, narrow."""
    return (
        conv(wide, 1, activation=activation),
        conv(wide, size, stride, activation, groups=wide),
        AVERAGE,
        section("convolutional", filters=4, size=1, stride=1, activation=activation),
        section("convolutional", filters=wide, size=1, stride=1, activation="logistic"),
        section("scale_channels", **{"from": -4}),
        conv(filters, 1, activation=LINEAR),
    )


def efficientnet() -> str:
    blocks = (*_squeezed(8, 16, 3, 2, SWISH), *_squeezed(8, 32, 5, 1, SWISH), shortcut(-8))
    return cfg(conv(8, 3, 2, SWISH), *blocks, *_squeezed(16, 32, 3, 2, SWISH), conv(32, 1), CLASSES, AVERAGE, SOFTMAX)


def enet_coco() -> str:
    """A detector behind an EfficientNet, whose shortcuts join maps with other channels."""
    blocks = (*_squeezed(8, 16, 3, 2, SWISH), *_squeezed(12, 32, 5, 1, SWISH), shortcut(-8))
    early = (conv(8, 3, 2, SWISH), *blocks)
    last = (*early, *_squeezed(16, 32, 3, 2, SWISH), conv(32, 1), shortcut(-9), head(21), yolo("3,4,5"))
    return cfg(*last, route(-3), conv(8, 1), UPSAMPLE, route(-1, len(early) - 1), conv(24), head(21), yolo())


NETS = {
    "dk_darknet19": darknet19,
    "dk_tiny": tiny_darknet,
    "dk_extraction": extraction,
    "dk_densenet": densenet,
    "dk_resnet50": resnet50,
    "dk_resnext50": resnext50,
    "dk_yolov2": yolov2,
    "dk_yolov2_tiny": yolov2_tiny,
    "dk_yolov3": yolov3,
    "dk_yolov3_spp": yolov3_spp,
    "dk_yolov3_tiny": yolov3_tiny,
    "dk_yolov4": yolov4,
    "dk_yolov4_tiny": yolov4_tiny,
    "dk_yolov7_tiny": yolov7_tiny,
    "dk_efficientnet": efficientnet,
    "dk_enet_coco": enet_coco,
}
"""Texts by name."""
ACTIVATED = ("dk_yolov2_tiny", "dk_yolov3_tiny", "dk_yolov4_tiny")
"""Written a second time with their heads activated."""
