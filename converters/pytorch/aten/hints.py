"""Operations that no Caffe net computes: why, and what a user can do instead. Names without overloads."""

from __future__ import annotations

DECIDES = "which cells it reads depends on their numbers, and a Caffe net reads the same ones every time"
RANDOM = "it gives other numbers at every run"
QUANTIZES = "it rounds as a quantized engine would, and Caffe does not round"
UNQUANTIZED = "load the trained weights into the model as it was before prepare_qat, and convert that"

HINTS: dict[str, tuple[str, str]] = {
    "aten.topk": (DECIDES, "return its input, and choose the largest in the program that runs the net"),
    "aten.sort": (DECIDES, "return its input, and sort in the program that runs the net"),
    "aten.argsort": (DECIDES, "return its input, and sort in the program that runs the net"),
    "aten.kthvalue": (DECIDES, "return its input, and choose in the program that runs the net"),
    "aten.gather": (DECIDES, "end the net before it; with constant indices use x[:, indices]"),
    "aten.nonzero": (DECIDES, "return the mask itself"),
    "aten.masked_select": (DECIDES, "multiply by the mask instead"),
    "aten.grid_sampler": (
        DECIDES,
        "for a fixed grid use interpolate, pad and slices; for a computed one end the net before it",
    ),
    "aten.grid_sampler_2d": (DECIDES, "for a fixed grid use interpolate, pad and slices; else end the net before it"),
    "aten.max_unpool2d": (DECIDES, "use interpolate, or a ConvTranspose2d with a kernel of ones"),
    "aten.cumprod": ("Caffe has no running product", "of positive numbers take x.log().cumsum(dim).exp()"),
    "aten.rand_like": (RANDOM, "leave the noise out in eval mode"),
    "aten.randn_like": (RANDOM, "leave the noise out in eval mode"),
    "aten.bernoulli": (RANDOM, "leave the noise out in eval mode"),
    "aten.fused_moving_avg_obs_fake_quant": (QUANTIZES, UNQUANTIZED),
    "aten.fake_quantize_per_tensor_affine": (QUANTIZES, UNQUANTIZED),
    "aten.fake_quantize_per_channel_affine": (QUANTIZES, UNQUANTIZED),
    "aten.sin": ("Caffe has no sine", "end the net before it"),
    "aten.cos": ("Caffe has no cosine", "end the net before it"),
    "aten.floor": ("Caffe does not round", "end the net before it"),
    "aten.round": ("Caffe does not round", "end the net before it"),
    "torchvision.nms": (DECIDES, "return boxes and scores, and suppress in the program that runs the net"),
    "torchvision.roi_align": (DECIDES, "end the net before it"),
    "torchvision.deform_conv2d": (DECIDES, "use a plain convolution and train again"),
}
