"""Operations that no Caffe net computes: why, and what a user can do instead.

Names go without their overloads, unless only one of these is meant.
"""

from __future__ import annotations

DECIDES = "which cells it reads depends on their numbers, and a Caffe net reads the same ones every time"
RANDOM = "it gives different numbers at every run"
FRACTIONAL = "where its windows lie is drawn anew at every run, or follows from numbers that it is given"
QUANTIZES = "it rounds as a quantized engine would, and Caffe does not round"
UNQUANTIZED = "load the trained weights into the model as it was before prepare_qat, and convert that"

ROUNDS = ("Caffe does not round", "end the net before it")
CURVE = ("Caffe has no such function", "end the net before it")
BESSEL = (
    "Caffe has no Bessel functions, and no finite number of its layers is one",
    "end the net before it; a window of a fixed size can be a buffer",
)
CHOOSES = (DECIDES, "return its input, and choose in the program that runs the net")
COMPLEX = ("Caffe knows real numbers only", "compute with the real and the imaginary part as two tensors")
SOLVES = ("it takes steps that depend on the numbers", "end the net before it")
NOISE = (RANDOM, "leave the noise out in eval mode")
NOT_A_NUMBER = (
    "Caffe's layers do not tell NaN and infinities from numbers",
    "leave it out where the numbers are finite",
)

HINTS: dict[str, tuple[str, str]] = {
    "aten.nanmedian": CHOOSES,
    "aten.mode": CHOOSES,
    "aten.quantile": CHOOSES,
    "aten.histc": ("Caffe does not count by size", "end the net before it"),
    "aten.bucketize": ("Caffe has no search", "add up comparisons: sum((x > bound).float() for bound in bounds)"),
    "aten.searchsorted": ("Caffe has no search", "add up comparisons: sum((x > bound).float() for bound in bounds)"),
    "aten.nonzero": (DECIDES, "return the mask itself"),
    "aten.masked_select": (DECIDES, "multiply by the mask instead"),
    "aten.grid_sampler": (
        DECIDES,
        "for a fixed grid use interpolate, pad and slices; for a computed one end the net before it",
    ),
    "aten.grid_sampler_2d": (DECIDES, "for a fixed grid use interpolate, pad and slices; else end the net before it"),
    "aten.grid_sampler_3d": (DECIDES, "for a fixed grid use interpolate, pad and slices; else end the net before it"),
    "aten.fused_moving_avg_obs_fake_quant": (QUANTIZES, UNQUANTIZED),
    "aten.fake_quantize_per_tensor_affine": (QUANTIZES, UNQUANTIZED),
    "aten.fake_quantize_per_channel_affine": (QUANTIZES, UNQUANTIZED),
    "aten.max_unpool3d": (DECIDES, "use interpolate, or a ConvTranspose3d with a kernel of ones"),
    "aten.logcumsumexp": ("its exponentials overflow without a maximum for each place", "take exp, cumsum and log"),
    "aten.rand": NOISE,
    "aten.randn": NOISE,
    "aten.rand_like": NOISE,
    "aten.randn_like": NOISE,
    "aten.bernoulli": NOISE,
    "aten.normal": NOISE,
    "aten.exponential": NOISE,
    "aten.uniform": NOISE,
    "aten.multinomial": NOISE,
    "aten.fractional_max_pool2d": (FRACTIONAL, "use max_pool2d or adaptive_max_pool2d"),
    "aten.fractional_max_pool3d": (FRACTIONAL, "use max_pool3d or adaptive_max_pool3d"),
    "aten.sin": ("Caffe has no sine", "end the net before it"),
    "aten.cos": ("Caffe has no cosine", "end the net before it"),
    "aten.tan": CURVE,
    "aten.asin": CURVE,
    "aten.acos": CURVE,
    "aten.atan": CURVE,
    "aten.atan2": CURVE,
    "aten.sinc": CURVE,
    "aten.lgamma": CURVE,
    "aten.digamma": CURVE,
    "aten.erfinv": CURVE,
    "aten.asinh": ("Caffe has no such function", "write torch.log(x + torch.sqrt(x * x + 1))"),
    "aten.acosh": ("Caffe has no such function", "write torch.log(x + torch.sqrt(x * x - 1))"),
    "aten.atanh": ("Caffe has no such function", "write 0.5 * torch.log((1 + x) / (1 - x))"),
    "aten.special_i0": BESSEL,
    "aten.i0": BESSEL,
    "aten.special_i0e": BESSEL,
    "aten.special_i1": BESSEL,
    "aten.special_i1e": BESSEL,
    "aten.special_bessel_j0": BESSEL,
    "aten.special_bessel_j1": BESSEL,
    "aten.special_modified_bessel_i0": BESSEL,
    "aten.special_entr": (
        "it is 0 at 0 and -infinity below, where -x log x is not a number",
        "write -x * torch.log(x.clamp_min(1e-38)) where x is not negative",
    ),
    "aten.special_xlogy": ("0 log 0 is not a number in Caffe", "write x * torch.log(y) where y is positive"),
    "aten.xlogy": ("0 log 0 is not a number in Caffe", "write x * torch.log(y) where y is positive"),
    "aten.copysign": ("Caffe does not tell 0 from -0", "write x.abs() * torch.sign(y)"),
    "aten.heaviside": ("Caffe has one step only", "write (x > 0).float()"),
    "aten.floor": ROUNDS,
    "aten.ceil": ROUNDS,
    "aten.round": ROUNDS,
    "aten.trunc": ROUNDS,
    "aten.frac": ROUNDS,
    "aten.fmod": ROUNDS,
    "aten.remainder": ROUNDS,
    "aten.floor_divide": ROUNDS,
    "aten.div.Tensor_mode": ROUNDS,
    "aten.nan_to_num": NOT_A_NUMBER,
    "aten.nansum": NOT_A_NUMBER,
    "aten.nanmean": NOT_A_NUMBER,
    "aten.isnan": NOT_A_NUMBER,
    "aten.isinf": NOT_A_NUMBER,
    "aten.isfinite": NOT_A_NUMBER,
    "aten.isclose": NOT_A_NUMBER,
    "aten.view_as_complex": COMPLEX,
    "aten.complex": COMPLEX,
    "aten.polar": COMPLEX,
    "aten.fft_rfft": COMPLEX,
    "aten.fft_rfft2": COMPLEX,
    "aten.fft_fft": COMPLEX,
    "aten.fft_fft2": COMPLEX,
    "aten.stft": COMPLEX,
    "aten.linalg_inv": SOLVES,
    "aten.linalg_svd": SOLVES,
    "aten.linalg_eigh": SOLVES,
    "aten.linalg_qr": SOLVES,
    "aten.linalg_solve": SOLVES,
    "aten.linalg_matrix_norm": SOLVES,
    "aten.as_strided": ("it looks at memory, not at axes", "write it with unfold, view, permute and slices"),
    "aten.embedding_renorm": (
        "it changes the weights as it looks them up",
        "apply max_norm to the weights once, and set max_norm=None",
    ),
    "torchvision.nms": (DECIDES, "return boxes and scores, and suppress in the program that runs the net"),
    "torchvision.roi_align": (DECIDES, "end the net before it"),
    "torchvision.deform_conv2d": (DECIDES, "use a plain convolution and train again"),
}
