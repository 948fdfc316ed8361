"""The models of torchvision, timm and ultralytics that the figures are about, with weights that keep signals alive."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from converters.pytorch import convert

TORCHVISION_ATTENTION = re.compile(r"^(swin|vit|maxvit)")
SEGMENTATION = re.compile(r"^(deeplab|fcn|lraspp)")
CNN_MODULES = """
    byobnet convmixer convnext cspnet cspnext densenet dla dpn efficientnet fasternet focalnet ghostnet hardcorenas
    hgnet hrnet inception_next inception_resnet_v2 inception_v3 inception_v4 lcnetv2 mambaout metaformer mobilenetv3
    mobilenetv5 nasnet nfnet pnasnet rdnet regnet repghost repvit res2net resnest resnet resnetv2 rexnet selecsls senet
    sknet starnet tresnet vgg vovnet xception xception_aligned
"""
"""The modules of timm that hold convolutional networks; all others hold attention, or mix tokens otherwise."""
ATTENDING = "bat_resnext26ts gcresnext26ts resnet50_clip mobilenetv4_hybrid_medium mobilenetv5_300m caformer_s18"
"""The attention among those."""
SMALL = (128, 112, 224)
"""Heights and widths that make a comparison of a net of patches, of 16 or 14, quick."""
LARGEST = 700_000_000
"""Parameters of a model that this machine runs in float64."""
ULTRALYTICS = """
    yolov3-tiny yolov3 yolov3-spp yolov5n yolov6n yolov8n yolov8n-seg yolov8n-pose yolov8n-cls yolov9t yolov10n yolo11n
    yolo11n-cls yolo12n
"""
"""Each with its head as it exports it, and (`:maps`) with the maps that the head decodes as outputs."""
SIZES = """
    zepto atto femto pico nano xxtiny xtiny tiny ti xs micro mini small s dwee wee dlittle little medium m mediumd b
    betwixt base l large xl xlarge xxlarge huge giant giantopt gigantic enormous
"""
"""How timm calls its sizes, the smallest first."""
PICTURES = ((1.0, 0.0), (0.4, 0.7), (0.7, -0.6), (1.6, 0.3), (0.2, -0.2))
"""Contrast and light of further inputs for the statistics: of noise alone, what is pooled over a whole map hardly
differs from one input to the next, and a BatchNorm behind it would divide by next to nothing."""


def prepare() -> None:
    """What is done once for all models of a process."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_grad_enabled(False)
    convert(torch.nn.ReLU().eval(), (torch.ones(1),))  # the first export of a process takes seconds: once for all


def _importable_torchvision() -> Any:
    """torchvision beside a torch without CUDA: its compiled part does not load, and it only misses two schemas."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in (
        "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
        "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    ):
        try:
            library.define(schema)
        except RuntimeError:  # torchvision fits to this torch and has them
            break
    import torchvision

    torchvision.held = library  # the schemas go when the library does
    return torchvision


# ---- their names -------------------------------------------------------------------------------------------------


def names(zoo: str) -> list[str]:
    if zoo.startswith("timm"):
        return _timm_names(attention=zoo == "timm-attention")
    if zoo == "ultralytics":
        return [f"{name}{cut}" for name in ULTRALYTICS.split() for cut in (":maps", "")]
    return _torchvision_names(attention=zoo == "torchvision-attention")


def _torchvision_names(*, attention: bool) -> list[str]:
    models = _importable_torchvision().models
    found = [*models.list_models(module=models), *models.list_models(module=models.segmentation)]
    return [name for name in found if bool(TORCHVISION_ATTENTION.match(name)) == attention]


def _timm_names(*, attention: bool) -> list[str]:
    """Of each family (a name without its sizes) the smallest model; with attention one for each module first."""
    _importable_torchvision()
    import timm

    modules = CNN_MODULES.split()
    if attention:
        modules = sorted(set(timm.list_modules()) - set(modules))
    families: dict[tuple[str, ...], list[str]] = {}
    for module in modules:
        for name in timm.list_models(module=module):
            first, *others = name.split("_")
            words = [first if attention else re.sub(r"\d", "", first), *(re.sub(r"\d", "", word) for word in others)]
            kept = [word for word in words if len(word) > 1 and word not in SIZES.split()]
            families.setdefault((module, *kept), []).append(name)
    smallest = {family: min(members, key=_size) for family, members in families.items()}
    if not attention:
        return list(smallest.values())
    by_module = {module: [smallest[family] for family in families if family[0] == module] for module in modules}
    firsts = [min(members, key=_size) for members in by_module.values()]
    return [*firsts, *ATTENDING.split(), *(name for name in smallest.values() if name not in firsts)]


def _size(name: str) -> tuple[Any, ...]:
    sizes = SIZES.split()
    ranks = [sizes.index(word) for word in name.split("_") if word in sizes]
    return ranks[0] if ranks else len(sizes) // 2, [int(number) for number in re.findall(r"\d+", name)]


# ---- the models themselves ---------------------------------------------------------------------------------------


def model(zoo: str, name: str, size: int | None) -> tuple[torch.nn.Module, torch.Tensor]:
    """The model with seeded weights, and an input of the size, or of its own."""
    torch.manual_seed(0)
    _importable_torchvision()
    if zoo.startswith("timm"):
        return _timm(name, size)
    if zoo == "ultralytics":
        return _yolo(name), torch.rand(1, 3, size or 320, size or 320)
    models = _importable_torchvision().models
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    if SEGMENTATION.match(name):
        options = {"weights_backbone": None}
    own = 299 if name == "inception_v3" else 224
    return models.get_model(name, weights=None, **options), torch.randn(1, 3, size or own, size or own)


def _timm(name: str, size: int | None) -> tuple[torch.nn.Module, torch.Tensor]:
    import timm

    with torch.device("meta"):
        parameters = sum(weight.numel() for weight in timm.create_model(name).parameters())
    if parameters > LARGEST:
        raise MemoryError(f"{parameters / 1e6:.0f} million parameters are too many for this machine")
    for side in SMALL if size == 0 else (size,):
        for options in ({"img_size": side}, {}) if side else ({},):
            made = _made(name, options, side)
            if made is not None:
                return made
    return _made(name, {}, None)


def _made(name: str, options: dict[str, Any], size: int | None) -> tuple[torch.nn.Module, torch.Tensor] | None:
    """The model and an input; nothing where it takes no pictures of the size."""
    import timm

    try:
        made = timm.create_model(name, **options).eval()
    except (TypeError, AssertionError, RuntimeError, ValueError):  # no such option, or not of that size
        return None
    channels, _, own = made.pretrained_cfg.get("test_input_size") or made.pretrained_cfg["input_size"]
    x = torch.randn(1, channels, size or own, size or own)
    if size is not None:
        try:
            made(x)
        except (AssertionError, RuntimeError, ValueError, IndexError):
            return None
    return made, x


def _yolo(name: str) -> torch.nn.Module:
    from ultralytics.nn import tasks

    cfg, colon, _ = name.partition(":")
    kinds = {"seg": tasks.SegmentationModel, "pose": tasks.PoseModel, "cls": tasks.ClassificationModel}
    model = kinds.get(cfg.partition("-")[2], tasks.DetectionModel)(f"{cfg}.yaml", verbose=False)
    head = model.model[-1]
    head.export = True
    if colon and hasattr(head, "cv3"):
        head.forward = lambda maps: [
            torch.cat([box(one), label(one)], 1) for box, label, one in zip(head.cv2, head.cv3, maps, strict=True)
        ]
    return model.requires_grad_(False)


def settle(model: torch.nn.Module, x: torch.Tensor) -> torch.nn.Module:
    """Weights with which no signal dies: affine parts at random, BatchNorm statistics from the input itself.

    Slopes and biases of BatchNorm are about those of trained nets. With slopes about 1 and biases about 0 a deep net of
    random weights is chaotic: it multiplies the rounding of its first layer by up to 10,000, in torch as well as here.
    """
    generator = torch.Generator().manual_seed(1)
    for part in model.modules():
        normed = isinstance(part, torch.nn.modules.batchnorm._BatchNorm)
        for key, weight in part.named_parameters(recurse=False):
            if weight.ndim == 1 and key != "bias":  # slopes, and the layer scales that begin at 1e-6
                weight.uniform_(*((0.2, 0.6) if normed else (0.5, 1.5)), generator=generator)
            elif weight.ndim == 1:
                weight.normal_(*((0.2, 0.2) if normed else (0, 0.1)), generator=generator)
            elif not weight.any():  # heads and gains that begin at 0
                weight.normal_(0, 0.02, generator=generator) if weight.ndim else weight.fill_(0.5)
    norms = [part for part in model.eval().modules() if isinstance(part, torch.nn.modules.batchnorm._BatchNorm)]
    for part in norms:
        part.train()
        part.momentum = 1.0
    if norms:
        with torch.random.fork_rng():
            model(torch.cat([x, *(torch.randn_like(x) * contrast + light for contrast, light in PICTURES)]))
    return model.eval()


class InFloat64(TorchFunctionMode):
    """Modules that ask for float32 themselves (positions, scores, norms) get float64 while this is active."""

    def __torch_function__(
        self, call: Callable[..., Any], types: Sequence[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        if call is torch.Tensor.float:
            call = torch.Tensor.double
        args, kwargs = tree_map(lambda given: torch.float64 if given is torch.float32 else given, (args, kwargs or {}))
        return call(*args, **kwargs)


def in_float64(module: torch.nn.Module, x: torch.Tensor) -> Any:
    """What the module gives where every number is of float64; the module itself becomes so."""
    with InFloat64():
        return module.double()(x.double())
