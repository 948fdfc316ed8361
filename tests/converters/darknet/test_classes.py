"""The number of classes that weights are of. The weights are written for one number, the cfg says another one."""

from __future__ import annotations

import pytest

from caffe_ir.errors import ConversionError
from converters.darknet import convert
from tests.converters.darknet.judged import ALEXEYAB, net, written

CONV = "[convolutional];filters=6;size=3;stride=2;pad=1;batch_normalize=1;activation=leaky\n"
HEADS = {
    "yolo": f"{CONV}[convolutional];filters={{yolo}};size=1\n[yolo];mask=0,1,2;num=6;classes={{n}}\n"
    f"[route];layers=0\n{CONV}[convolutional];filters={{yolo}};size=1\n[yolo];mask=3,4,5;num=6;classes={{n}}",
    "region": "[convolutional];filters={region};size=1\n[region];num=5;classes={n};coords=4",
    "Gaussian_yolo": "[convolutional];filters={gaussian};size=1\n[Gaussian_yolo];num=3;classes={n}",
    "detection": "[connected];output={detection}\n[detection];side=2;num=2;classes={n};coords=4",
    "classifier": f"{CONV}[convolutional];filters={{n}};size=1\n[avgpool]\n[softmax]",
    "connected": f"{CONV}[connected];output={{n}}\n[dropout]\n[softmax]\n[cost]",
}
WIDTHS = {
    "yolo": "filters",
    "region": "filters",
    "Gaussian_yolo": "filters",
    "detection": "output",
    "classifier": "filters",
    "connected": "output",
}


def widths(classes: int) -> dict[str, int]:
    return {
        "yolo": 3 * (5 + classes),
        "region": 5 * (5 + classes),
        "gaussian": 3 * (9 + classes),
        "detection": 4 * (10 + classes),
    }


def cfg_of(name: str, said: int, wide: int) -> str:
    """The cfg that says `said` classes and is as wide as for `wide`."""
    return net(HEADS[name].format(n=said, **widths(wide)))


def refused(folder, text: str, weights_of: str, header: tuple[int, int, int]) -> ConversionError:
    cfg, weights = written(folder, weights_of, header=header)
    cfg.write_text(text)
    with pytest.raises(ConversionError) as caught:
        convert(cfg, weights)
    return caught.value


@pytest.mark.parametrize(("there", "said"), [(20, 80), (80, 20), (1, 80), (3, 2)])
@pytest.mark.parametrize("name", HEADS)
def test_the_classes_that_the_weights_are_of(tmp_path, name, there, said):
    header = ALEXEYAB if name == "Gaussian_yolo" else (0, 2, 0)
    error = refused(tmp_path, cfg_of(name, said, said), cfg_of(name, there, there), header)
    width = {**widths(there), "Gaussian_yolo": widths(there)["gaussian"]}.get(name, there)
    classes = f"classes={there} and " if name not in ("classifier", "connected") else ""
    assert f"it would fit with {classes}{WIDTHS[name]}={width} in the cfg" in error.problems[0].hint


@pytest.mark.parametrize("name", ["yolo", "region"])
def test_a_head_that_does_not_fit_its_filters_hears_of_the_weights(tmp_path, name):
    error = refused(tmp_path, cfg_of(name, 80, 20), cfg_of(name, 20, 20), (0, 2, 0))
    assert "channels, not" in str(error)
    (note,) = error.notes
    assert note.text == f"the weights fit classes=20 and filters={widths(20)[name]}"


def test_weights_of_another_net_fit_no_number_of_classes(tmp_path):
    error = refused(tmp_path, cfg_of("yolo", 20, 20), net(CONV * 4), (0, 2, 0))
    assert "classes=" not in str(error)
