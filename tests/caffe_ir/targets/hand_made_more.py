"""Further hand-made nets in the short hand of hand_made.py: forms of files, names, spellings, chains and rewrites."""

from __future__ import annotations

CONV = "num_output: 4 kernel_size: 3 pad: 1"
DATA = "data = Input | shape { dim: 1 dim: 4 dim: 8 dim: 8 }"
ONE = (
    'layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 4 kernel_size: 1 } }'
)


def _named(name: str) -> str:
    """Three layers, of which the middle one and its blob have a name."""
    return f"""
        {DATA}
        layer {{ name: "{name}" type: "Convolution" bottom: "data" top: "{name}" convolution_param {{ {CONV} }} }}
        layer {{ name: "y" type: "ReLU" bottom: "{name}" top: "y" }}"""


def _scattered(then: str) -> str:
    """A convolution, one layer that is asked about, and a Power behind it."""
    return f"c = Convolution data | {CONV}\n{then}\ny = Power a | scale: 0.5"


SHORT_OF_3D = "data = Input | shape { dim: 1 dim: 4 dim: 6 }"

FILES: dict[str, str] = {
    "in_input_dim": f"""
        input: "data"
        input_dim: 1 input_dim: 4 input_dim: 8 input_dim: 8
        {ONE}""",
    "in_input_shape": f"""
        input: "data"
        input_shape {{ dim: 1 dim: 4 dim: 8 dim: 8 }}
        {ONE}""",
    "in_noname": f"{DATA}\n{ONE}",
    "in_layer_shape_on_Input_2tops": """
        layer { name: "in" type: "Input" top: "data" top: "b"
          input_param { shape { dim: 1 dim: 4 dim: 8 dim: 8 } } }
        y = Eltwise data b | operation: SUM""",
    "in_input_name_differs": f"""
        layer {{ name: "in" type: "Input" top: "data" input_param {{ shape {{ dim: 1 dim: 4 dim: 8 dim: 8 }} }} }}
        {ONE}""",
    "v1_layers": """
        name: "old"
        input: "data"
        input_shape { dim: 1 dim: 4 dim: 8 dim: 8 }
        layers { name: "c" type: CONVOLUTION bottom: "data" top: "c"
          convolution_param { num_output: 4 kernel_size: 1 } }
        layers { name: "r" type: RELU bottom: "c" top: "r" }""",
    "layer_with_phase_train": f"""
        {DATA}
        layer {{ name: "t" type: "TanH" bottom: "data" top: "t" include {{ phase: TRAIN }} }}
        layer {{ name: "c" type: "Convolution" bottom: "data" top: "c" include {{ phase: TEST }}
          convolution_param {{ {CONV} }} }}""",
    "param_lr_mult_filler": f"""
        {DATA}
        layer {{ name: "c" type: "Convolution" bottom: "data" top: "c" param {{ lr_mult: 1 decay_mult: 1 }}
          param {{ lr_mult: 2 decay_mult: 0 }} convolution_param {{ {CONV} weight_filler {{ type: "xavier" }}
          bias_filler {{ type: "constant" value: 0 }} }} }}""",
    "comment_and_semicolons": f"name: 'n'; # a net\n{DATA}\n# and a layer\n{ONE}",
    "force_backward_state": f'name: "n"\nforce_backward: true\nstate {{ phase: TEST level: 0 }}\n{DATA}\n{ONE}',
    "order_not_topological": f"{DATA}\ny = ReLU c\n{ONE}",
}

NAMES: dict[str, str] = {
    "name_slash": _named("a/b"),
    "name_dot_dash": _named("a.b-c"),
    "name_colon": _named("a:b"),
    "name_space": _named("a b"),
    "name_digits": _named("1"),
    "name_utf8": _named("été"),
    "name_quote": _named("a'b"),
    "name_long": _named("n" * 200),
    "name_brackets": _named("a[0](1)"),
    "name_hash": _named("a#b"),
    "name_comma": _named("a,b=c"),
    "top_eq_other_layername": f"""
        {DATA}
        layer {{ name: "b" type: "Convolution" bottom: "data" top: "a" convolution_param {{ {CONV} }} }}
        layer {{ name: "a" type: "ReLU" bottom: "a" top: "c" }}""",
    "inplace_after_branch": f"c = Convolution data | {CONV}\nt = TanH c\nc = ReLU c\ny = Eltwise c t | operation: SUM",
    "inplace_sigmoid_swish_bug": f"c = Convolution data | {CONV}\ns = Sigmoid c\ny = Eltwise c s | operation: PROD",
    "mid_output_also_used": f"c = Convolution data | {CONV}\na b = Split c\nr = ReLU b\n"
    "y = Eltwise r a | operation: SUM",
    "unused_second_layer_same_weights_name": f"c = Convolution data | {CONV}\ny = Convolution c | {CONV}",
}

LAYERS: dict[str, str] = {
    "pool_max_global_ks1": "y = Pooling data | pool: MAX global_pooling: true stride: 1",
    "pool_ave_global_ks1": "y = Pooling data | pool: AVE global_pooling: true stride: 1",
    "bn_scale_factor999": "b = BatchNorm data | use_global_stats: true\ny = Scale b | bias_term: true",
    "scale2_axis1_C": """
        v = Input | shape { dim: 4 }
        y = Scale data v | axis: 1""",
    "se_block_deconv_eltwise": """
        p = Pooling data | pool: AVE global_pooling: true
        b = Convolution p | num_output: 4 kernel_size: 1
        s = Sigmoid b
        d = Deconvolution s | num_output: 4 group: 4 kernel_size: 8 stride: 1 bias_term: false
        y = Eltwise data d | operation: PROD""",
    "concat_3d_axis2": f"{SHORT_OF_3D}\na = TanH data\ny = Concat data a | axis: 2",
    "crop_default": "r = Input | shape { dim: 1 dim: 4 dim: 6 dim: 6 }\ny = Crop data r",
    "reshape_batch2": """
        data = Input | shape { dim: 2 dim: 4 dim: 8 dim: 8 }
        y = Reshape data | shape { dim: 0 dim: 16 dim: 4 dim: 4 }""",
    "reshape_batch_merge": """
        data = Input | shape { dim: 2 dim: 4 dim: 8 dim: 8 }
        r = Reshape data | shape { dim: 0 dim: 2 dim: -1 dim: 8 }
        y = Reshape r | shape { dim: 0 dim: 4 dim: 8 dim: 8 }""",
    "permute_3d_021": f"{SHORT_OF_3D}\ny = Permute data | order: 0 order: 2 order: 1",
    "power_0": "y = Power data | power: 0",
    "mish_via_sigmoid_log": """
        n = Power data | scale: -1
        s = Sigmoid n
        l = Log s
        m = Power l | scale: -1
        t = TanH m
        y = Eltwise data t | operation: PROD""",
    "relu6_composed": """
        a = ReLU data
        b = Power a | scale: -1 shift: 6
        c = ReLU b
        y = Power c | scale: -1 shift: 6""",
    "hswish_composed": """
        s = Power data | shift: 3
        a = ReLU s
        b = Power a | scale: -1 shift: 6
        c = ReLU b
        d = Power c | scale: -0.16666667 shift: 1
        y = Eltwise data d | operation: PROD""",
    "softmax_3d_axis2": f"{SHORT_OF_3D}\ny = Softmax data | axis: 2",
    "reduction_default": "y = Reduction data",
    "dummydata_const": """
        k = DummyData | shape { dim: 1 dim: 4 dim: 8 dim: 8 } data_filler { type: "constant" value: 2 }
        y = Eltwise data k | operation: SUM""",
    "embed": """
        data = Input | shape { dim: 1 dim: 4 }
        y = Embed data | num_output: 3 input_dim: 8""",
    "ch_reduction_spatial_mean": f"c = Convolution data | {CONV}\na = Reduction c | operation: MEAN axis: 2\n"
    "y = Power a | scale: 0.5",
    "ch_crop_default": f"c = Convolution data | {CONV}\nr = Convolution data | num_output: 4 kernel_size: 3\n"
    "a = Crop c r | axis: 2 offset: 0\ny = Power a | scale: 0.5",
    "ch_bias2": f"c = Convolution data | {CONV}\nk = Convolution data | {CONV}\na = Bias c k | axis: 0\n"
    "y = Power a | scale: 0.5",
}

SPELLED: dict[str, str] = {
    "x_pool_round_mode_first": "y = Pooling data | round_mode: FLOOR pool: MAX kernel_size: 3 stride: 2",
    "x_pool_round_mode_int": "y = Pooling data | kernel_size: 3 stride: 2 round_mode: 1",
    "x_pool_padhw_kw": "y = Pooling data | kernel_h: 3 kernel_w: 3 stride_h: 2 stride_w: 2 pad_h: 1 pad_w: 1",
    "x_pool_floor_by_slice_free_k3s2": "a : a b = Slice data | axis: 2 slice_point: 7\nc = TanH b\n"
    "d : d e = Slice a | axis: 3 slice_point: 7\nf = TanH e\ny = Pooling d | kernel_size: 3 stride: 2",
    "x_pool_global_with_kernel": "y = Pooling data | pool: AVE global_pooling: true",
    "x_bn_moving_avg_field": "y = BatchNorm data | use_global_stats: true moving_average_fraction: 0.9",
    "x_scale_filler": "y = Scale data | bias_term: true filler { value: 1 } bias_filler { value: 0 }",
    "x_bigbatch4_ip": """
        data = Input | shape { dim: 4 dim: 4 dim: 8 dim: 8 }
        y = InnerProduct data | num_output: 5""",
    "x_pixelshuffle_6d": """
        r = Reshape data | shape { dim: 0 dim: 1 dim: 2 dim: 2 dim: 8 dim: 8 }
        p = Permute r | order: 0 order: 1 order: 4 order: 2 order: 5 order: 3
        y = Reshape p | shape { dim: 0 dim: 1 dim: 16 dim: 16 }""",
    "x_slice_as_1x1conv": "y = Convolution data | num_output: 2 kernel_size: 1 bias_term: false",
    "x_crop_br_as_dwconv": "y = Convolution data | num_output: 4 group: 4 kernel_size: 2 bias_term: false",
    "x_yolo_head_permute_free": "c = Convolution data | num_output: 14 kernel_size: 1\n"
    "r = Reshape c | shape { dim: 0 dim: 2 dim: 7 dim: 64 }\ny = Sigmoid r",
}

CHAINS: dict[str, str] = {
    "ch_reshape_roundtrip": _scattered(
        "r = Reshape c | shape { dim: 0 dim: 8 dim: 4 dim: 8 }\na = Reshape r | shape { dim: 0 dim: 4 dim: 8 dim: 8 }"
    ),
    "ch_reshape_4d_merge": _scattered("a = Reshape c | shape { dim: 0 dim: 2 dim: 2 dim: 64 }"),
    "ch_slice_concat_swap": _scattered("p : p q = Slice c | slice_point: 2\na = Concat q p"),
    "ch_focus_slices": """
        c = Convolution data | num_output: 4 kernel_size: 3 pad: 1
        a = Convolution c | num_output: 4 group: 4 kernel_size: 1 stride: 2 bias_term: false
        b = Convolution c | num_output: 4 group: 4 kernel_size: 2 stride: 2 bias_term: false
        y = Concat a b""",
    "ch_se_reshape4_deconv_prod": f"""
        c = Convolution data | {CONV}
        p = Pooling c | pool: AVE global_pooling: true
        r = Reshape p | shape {{ dim: 0 dim: 4 dim: 1 dim: 1 }}
        b = Convolution r | num_output: 4 kernel_size: 1
        s = Sigmoid b
        d = Deconvolution s | num_output: 4 group: 4 kernel_size: 8 stride: 1 bias_term: false
        y = Eltwise c d | operation: PROD""",
    "ch_se_kernelpool_deconv_prod": f"""
        c = Convolution data | {CONV}
        p = Pooling c | pool: AVE kernel_size: 8
        b = Convolution p | num_output: 4 kernel_size: 1
        s = Sigmoid b
        d = Deconvolution s | num_output: 4 group: 4 kernel_size: 8 stride: 1 bias_term: false
        y = Eltwise c d | operation: PROD""",
    "ch_se_global_scale_flatten": f"""
        c = Convolution data | {CONV}
        p = Pooling c | pool: AVE global_pooling: true
        b = Convolution p | num_output: 4 kernel_size: 1
        s = Sigmoid b
        f = Flatten s
        y = Scale c f | axis: 0""",
    "ch_spatial_attention_mul": f"""
        c = Convolution data | {CONV}
        m = Convolution c | num_output: 1 kernel_size: 3 pad: 1
        s = Sigmoid m
        e = Convolution s | num_output: 4 kernel_size: 1 bias_term: false
        y = Eltwise c e | operation: PROD""",
    "ch_avepool_pad_as_dwconv": _scattered(
        "a = Convolution c | num_output: 4 group: 4 kernel_size: 3 pad: 1 bias_term: false"
    ),
    "ch_global_ave_then_ip": f"c = Convolution data | {CONV}\np = Pooling c | pool: AVE global_pooling: true\n"
    "y = InnerProduct p | num_output: 5",
    "ch_relu6_via_threshold_free": _scattered(
        "p = ReLU c\nq = Power p | scale: -1 shift: 6\nr = ReLU q\na = Power r | scale: -1 shift: 6"
    ),
    "ch_hsigmoid_composed": _scattered(
        "p = Power c | shift: 3\nq = ReLU p\nr = Power q | scale: -1 shift: 6\ns = ReLU r\n"
        "a = Power s | scale: -0.16666667 shift: 1"
    ),
    "ch_softplus_bnll": _scattered("a = BNLL c"),
    "ch_upsample_deconv_nearest": _scattered(
        "a = Deconvolution c | num_output: 4 group: 4 kernel_size: 2 stride: 2 bias_term: false"
    ),
    "ch_chan_mean_conv": _scattered("a = Convolution c | num_output: 1 kernel_size: 1 bias_term: false"),
    "ch_mish_exp_power": f"""
        c = Convolution data | {CONV}
        e = Exp c
        p = Power e | shift: 1 power: 2
        q = Power p | shift: 1
        r = Power q | power: -1
        t = Power r | scale: -2 shift: 1
        y = Eltwise c t | operation: PROD""",
    "y_floor_both_fields_hw": "y = Pooling data | kernel_h: 3 kernel_w: 3 stride_h: 2 stride_w: 2 pad_h: 0 pad_w: 0 "
    "round_mode: FLOOR",
    "y_floor_by_dwconv_crop": "c = Convolution data | num_output: 4 group: 4 kernel_size: 2 bias_term: false\n"
    "y = Pooling c | kernel_size: 3 stride: 2",
    "y_floor_by_input_slice": "a : a b = Slice data | axis: 2 slice_point: 7\nc = TanH b\n"
    "d : d e = Slice a | axis: 3 slice_point: 7\nf = TanH e\ny = Pooling d | kernel_size: 3 stride: 2",
    "y_floor_by_output_slice_k3s2p1": "p = Pooling data | kernel_size: 3 stride: 2 pad: 1\n"
    "a : a b = Slice p | axis: 2 slice_point: 4\nc = TanH b\nd : d e = Slice a | axis: 3 slice_point: 4\n"
    "f = TanH e\ny = TanH d",
    "y_crop_ref_dummyconv": "r = Convolution data | num_output: 1 kernel_size: 1 stride: 2\n"
    "y = Crop data r | axis: 2 offset: 1",
    "y_avepool_floor_k2s2_as_dwconv": "y = Convolution data | num_output: 4 group: 4 kernel_size: 2 stride: 2 "
    "bias_term: false",
}

UNREAD: dict[str, str] = {
    "scale2_axis1_NC_illegal": "s = InnerProduct data | num_output: 4\ny = Scale data s | axis: 1",
    "scale2_NC11_illegal": """
        p = Pooling data | pool: AVE global_pooling: true
        y = Scale data p | axis: 0""",
    "ch_se_kernelpool_conv_bcast_prod": f"""
        c = Convolution data | {CONV}
        p = Pooling c | pool: AVE kernel_size: 8
        b = Convolution p | num_output: 4 kernel_size: 1
        y = Eltwise c b | operation: PROD""",
    "ext_Upsample_wh": "y = Upsample data | upsample_h: 16 upsample_w: 16",
    "x_pool_both_round_ceil": "y = Pooling data | kernel_size: 3 stride: 2 round_mode: FLOOR ceil_mode: false",
    "ext_HSwish": "y = HSwish data",
    "ext_HSigmoid": "y = HSigmoid data",
    "ext_Resize_bilinear": "y = Resize data",
    "ext_ResizeNearest": "y = ResizeNearest data",
    "ext_RegionYolo": "y = RegionYolo data",
    "ext_Region": "y = Region data",
    "ext_ReorgYolo": "y = ReorgYolo data",
    "ext_Padding": "y = Padding data",
    "order_not_topological": FILES.pop("order_not_topological"),
}
"""What no Caffe runs, or types that we do not know: `check` refuses the file, with the line of the layer."""

OTHERWISE_JUDGED = {"ext_Reorg_stride2_s2d"}
"""The file of ext_Reorg_stride2 once more, beside another order of the cells."""

MORE: dict[str, str] = {**FILES, **NAMES, **LAYERS, **SPELLED, **CHAINS}
