"""Small nets of Hugging Face's architectures, with random weights: the kinds of layers of the real ones, in seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import transformers
from msgspec import Struct
from torch import nn

USUAL: Mapping[str, Any] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "dim", "embedding_size", "word_embed_proj_dim"), 32),
    **dict.fromkeys(("num_hidden_layers", "encoder_layers", "decoder_layers", "n_layer", "n_layers", "num_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("n_head", "n_heads", "num_heads"), 4),
    **dict.fromkeys(("intermediate_size", "encoder_ffn_dim", "decoder_ffn_dim", "ffn_dim", "hidden_dim", "d_ff"), 48),
    **dict.fromkeys(("head_dim", "d_kv", "patch_size"), 8),
    **dict.fromkeys(("max_position_embeddings", "n_positions"), 64),
    "image_size": 32,
    "vocab_size": 50,
    "num_key_value_heads": 2,
    "type_vocab_size": 2,
    "use_cache": False,
}
"""What makes a net small, where its configuration has a field so called that is one number."""
STAGES = {"hidden_sizes": [8, 16, 16, 32], "depths": [1, 1, 1, 1]}
HEADS = {**STAGES, "num_attention_heads": [1, 2, 2, 4]}
WINDOWS = {"image_size": 64, "patch_size": 4, "embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4}
AUDIO = {
    "conv_dim": [16, 16],
    "conv_kernel": [10, 3],
    "conv_stride": [5, 2],
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 4,
    "apply_spec_augment": False,
}


class Net(Struct, frozen=True):
    """A class of transformers, the shape of its input (one number: of tokens), and fields of its configuration."""

    kind: str
    shape: Sequence[int] = (1, 3, 32, 32)
    fields: Mapping[str, Any] = {}
    backbone: Callable[[], Any] | None = None


def _resnet() -> Any:
    stages = {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1]}
    return transformers.ResNetConfig(embedding_size=8, out_features=["stage4"], **stages)


def _convnext() -> Any:
    return transformers.ConvNextConfig(**STAGES, out_features=["stage1", "stage2", "stage3", "stage4"])


def _dinov2() -> Any:
    sizes = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 4, "image_size": 56, "patch_size": 14}
    return transformers.Dinov2Config(**sizes, out_indices=[1, 2, 3, 4], reshape_hidden_states=False)


LARGER = (1, 3, 64, 64)
VIDEO = (1, 4, 3, 32, 32)
TOKENS = (7,)
QUERIES = {"num_queries": 5, "use_timm_backbone": False, "use_pretrained_backbone": False, "backbone": None}
DEPTHS = {"neck_hidden_sizes": [8, 8, 16, 16], "fusion_hidden_size": 16}
OF_PATCHES = """
    ViTModel DeiTModel BeitModel Dinov2Model Dinov2WithRegistersModel IJepaModel ViTMSNModel Data2VecVisionModel
    YolosForObjectDetection VitDetModel CLIPVisionModel SiglipVisionModel
"""
OF_TOKENS = """
    BertModel DistilBertModel ElectraModel DebertaV2Model SqueezeBertModel ConvBertModel SiglipTextModel GPT2Model
    LlamaModel OPTModel Qwen2Model T5EncoderModel
"""
NETS: Sequence[Net] = (
    *map(Net, OF_PATCHES.split()),
    Net("SwinModel", LARGER, WINDOWS),
    Net("Swinv2Model", LARGER, WINDOWS),
    Net("DonutSwinModel", LARGER, WINDOWS),
    Net("SegformerForSemanticSegmentation", LARGER, {**HEADS, "decoder_hidden_size": 16}),
    Net("PvtModel", LARGER, {**HEADS, "image_size": 64, "patch_sizes": [4, 2, 2, 2]}),
    Net("PvtV2Model", LARGER, {**HEADS, "num_hidden_layers": None}),
    Net(
        "LevitModel",
        LARGER,
        {
            "image_size": 64,
            "patch_size": 16,
            "hidden_sizes": [16, 32, 48],
            "depths": [1, 1, 1],
            "num_attention_heads": [2, 4, 4],
            "key_dim": [8, 8, 8],
        },
    ),
    Net(
        "MobileViTForSemanticSegmentation",
        LARGER,
        {
            "image_size": 64,
            "patch_size": 2,
            "hidden_sizes": [16, 24, 32],
            "neck_hidden_sizes": [8, 8, 16, 16, 24, 24, 32],
        },
    ),
    Net("MobileViTV2Model", LARGER, {"patch_size": 2}),
    Net("ConvNextModel", LARGER, {**STAGES, "patch_size": 4}),
    Net("ConvNextV2Model", LARGER, {**STAGES, "patch_size": 4}),
    Net("PoolFormerModel", LARGER, {**STAGES, "patch_size": 16}),
    Net(
        "FocalNetModel",
        LARGER,
        {
            "image_size": 64,
            "patch_size": 4,
            "embed_dim": 16,
            "depths": [1, 1],
            "hidden_sizes": [16, 32],
            "focal_levels": [2, 2],
            "focal_windows": [3, 3],
        },
    ),
    Net("RegNetModel", LARGER, {**STAGES, "embedding_size": 8, "groups_width": 4}),
    Net("DPTForDepthEstimation", fields={**DEPTHS, "num_hidden_layers": 4, "backbone_out_indices": [0, 1, 2, 3]}),
    Net(
        "DepthAnythingForDepthEstimation",
        (1, 3, 56, 56),
        {**DEPTHS, "backbone": None, "reassemble_hidden_size": 32, "patch_size": 14},
        _dinov2,
    ),
    Net("GLPNForDepthEstimation", LARGER, {**HEADS, "decoder_hidden_size": 16}),
    Net(
        "UperNetForSemanticSegmentation",
        LARGER,
        {"backbone": None, "use_pretrained_backbone": False, "hidden_size": 16},
        _convnext,
    ),
    Net("DetrForObjectDetection", LARGER, QUERIES, _resnet),
    Net("ConditionalDetrForObjectDetection", LARGER, QUERIES, _resnet),
    Net(
        "SamVisionModel",
        LARGER,
        {"image_size": 64, "window_size": 3, "global_attn_indexes": [1], "output_channels": 16},
    ),
    Net("VivitModel", VIDEO, {"num_frames": 4, "tubelet_size": [2, 8, 8]}),
    Net("VideoMAEModel", VIDEO, {"num_frames": 4, "tubelet_size": 2}),
    Net("TimesformerModel", VIDEO, {"num_frames": 4}),
    Net(
        "ASTModel",
        (1, 64, 32),
        {"num_mel_bins": 32, "max_length": 64, "patch_size": 16, "frequency_stride": 8, "time_stride": 8},
    ),
    *(Net(kind, (1, 1200), AUDIO) for kind in ("Wav2Vec2Model", "HubertModel", "WavLMModel")),
    *(Net(kind, TOKENS) for kind in OF_TOKENS.split()),
    Net("AlbertModel", TOKENS, {"inner_group_num": 1, "num_hidden_groups": 1}),
    Net("NystromformerModel", TOKENS, {"num_landmarks": 7, "segment_means_seq_len": 7}),
)


def made(net: Net) -> tuple[nn.Module, torch.Tensor]:
    """The module in eval mode, and an input for it; the same for the same net."""
    kind = getattr(transformers, net.kind)
    usual = kind.config_class()
    known = {name for name, value in usual.to_dict().items() if not isinstance(value, list | tuple)}
    fields = {name: value for name, value in USUAL.items() if name in known} | dict(net.fields)
    if net.backbone:
        fields["backbone_config"] = net.backbone()
    torch.manual_seed(0)
    module = kind._from_config(kind.config_class(**fields)).eval()
    for part in module.modules():
        if isinstance(part, nn.LayerNorm | nn.BatchNorm2d) and part.weight is not None:
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias, 0.0, 0.2)
    if len(net.shape) == 1:
        return module, torch.randint(3, USUAL["vocab_size"], (1, *net.shape))
    return module, torch.randn(*net.shape)
