"""caffe_pb2 belongs to caffe.proto, and caffe.proto has the names, numbers, types and defaults of BVLC Caffe.

The tables are written down from BVLC Caffe's documentation of its format, not from caffe.proto: number, name, type and
default, in the order of the numbers; those from 1160 on are fields of forks, under numbers of ours.
`*` marks a repeated field, `!` a required one, `[]` a packed one.
"""

from __future__ import annotations

import ast
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from caffe_ir.proto import caffe_pb2

ROOT = Path(__file__).resolve().parents[3]
PROTO = "caffe_ir/proto/caffe.proto"

TABLE = {
    "NetParameter": "1 name string; 2 layers V1LayerParameter*; 3 input string*; 4 input_dim int32*;"
    "5 force_backward bool=false; 6 state NetState; 7 debug_info bool=false; 8 input_shape BlobShape*;"
    "100 layer LayerParameter*",
    "NetState": "1 phase Phase=TEST; 2 level int32=0; 3 stage string*",
    "NetStateRule": "1 phase Phase; 2 min_level int32; 3 max_level int32; 4 stage string*; 5 not_stage string*",
    "BlobShape": "1 dim int64[]",
    "BlobProto": "1 num int32=0; 2 channels int32=0; 3 height int32=0; 4 width int32=0; 5 data float[]; 6 diff float[];"
    "7 shape BlobShape; 8 double_data double[]; 9 double_diff double[]",
    "ParamSpec": "1 name string; 2 share_mode DimCheckMode; 3 lr_mult float=1; 4 decay_mult float=1",
    "FillerParameter": "1 type string=constant; 2 value float=0; 3 min float=0; 4 max float=1; 5 mean float=0;"
    "6 std float=1; 7 sparse int32=-1; 8 variance_norm VarianceNorm=FAN_IN",
    "InputParameter": "1 shape BlobShape*",
    "ParameterParameter": "1 shape BlobShape",
    "DummyDataParameter": "1 data_filler FillerParameter*; 2 num uint32*; 3 channels uint32*; 4 height uint32*;"
    "5 width uint32*; 6 shape BlobShape*",
    "MemoryDataParameter": "1 batch_size uint32; 2 channels uint32; 3 height uint32; 4 width uint32",
    "ConvolutionParameter": "1 num_output uint32; 2 bias_term bool=true; 3 pad uint32*; 4 kernel_size uint32*;"
    "5 group uint32=1; 6 stride uint32*; 7 weight_filler FillerParameter; 8 bias_filler FillerParameter;"
    "9 pad_h uint32=0; 10 pad_w uint32=0; 11 kernel_h uint32; 12 kernel_w uint32; 13 stride_h uint32;"
    "14 stride_w uint32; 15 engine Engine=DEFAULT; 16 axis int32=1; 17 force_nd_im2col bool=false;"
    "18 dilation uint32*; 1160 hole uint32=1; 1161 hole_h uint32; 1162 hole_w uint32",
    "PoolingParameter": "1 pool PoolMethod=MAX; 2 kernel_size uint32; 3 stride uint32=1; 4 pad uint32=0;"
    "5 kernel_h uint32; 6 kernel_w uint32; 7 stride_h uint32; 8 stride_w uint32; 9 pad_h uint32=0; 10 pad_w uint32=0;"
    "11 engine Engine=DEFAULT; 12 global_pooling bool=false; 13 round_mode RoundMode=CEIL;"
    "1160 ceil_mode bool=true",
    "PermuteParameter": "1 order uint32*",
    "NormParameter": "1 across_spatial bool=true; 2 scale_filler FillerParameter; 3 channel_shared bool=true;"
    "4 eps float=1e-10",
    "UpsampleParameter": "1 scale float=1; 2 stride uint32; 3 stride_h uint32; 4 stride_w uint32; 5 upsample_h uint32;"
    "6 upsample_w uint32; 7 pad_out_h bool=false; 8 pad_out_w bool=false",
    "InterpParameter": "1 height uint32=0; 2 width uint32=0; 3 zoom_factor uint32=1; 4 shrink_factor uint32=1;"
    "5 pad_beg int32=0; 6 pad_end int32=0",
    "ShuffleChannelParameter": "1 group uint32=1",
    "ReorgParameter": "1 stride uint32; 2 reverse bool=false",
    "PassThroughParameter": "1 num_output uint32=0; 2 block_height uint32=0; 3 block_width uint32=0",
    "PriorBoxParameter": "1 min_size float*; 2 max_size float*; 3 aspect_ratio float*; 4 flip bool=true;"
    "5 clip bool=false; 6 variance float*; 7 img_size uint32; 8 img_h uint32; 9 img_w uint32; 10 step float;"
    "11 step_h float; 12 step_w float; 13 offset float=0.5",
    "DetectionOutputParameter": "1 num_classes uint32; 2 share_location bool=true; 3 background_label_id int32=0;"
    "4 nms_param NonMaximumSuppressionParameter; 5 save_output_param SaveOutputParameter;"
    "6 code_type CodeType=CORNER; 7 keep_top_k int32=-1; 8 variance_encoded_in_target bool=false;"
    "9 confidence_threshold float; 10 visualize bool=false; 11 visualize_threshold float; 12 save_file string",
    "BNParameter": "1 scale_filler FillerParameter; 2 shift_filler FillerParameter; 3 bn_mode BNMode;"
    "4 slope_filler FillerParameter; 5 bias_filler FillerParameter; 6 momentum float=0.9; 7 eps float=1e-05;"
    "8 frozen bool=false; 9 engine Engine=DEFAULT",
    "ROIPoolingParameter": "1 pooled_h uint32=0; 2 pooled_w uint32=0; 3 spatial_scale float=1",
    "PSROIPoolingParameter": "1 spatial_scale float; 2 output_dim uint32; 3 group_size uint32",
    "ReverseParameter": "1 axis int32*",
    "NonMaximumSuppressionParameter": "1 nms_threshold float=0.3; 2 top_k int32; 3 eta float=1",
    "SaveOutputParameter": "1 output_directory string; 2 output_name_prefix string; 3 output_format string;"
    "4 label_map_file string; 5 name_size_file string; 6 num_test_image uint32",
    "InnerProductParameter": "1 num_output uint32; 2 bias_term bool=true; 3 weight_filler FillerParameter;"
    "4 bias_filler FillerParameter; 5 axis int32=1; 6 transpose bool=false",
    "EmbedParameter": "1 num_output uint32; 2 input_dim uint32; 3 bias_term bool=true;"
    "4 weight_filler FillerParameter; 5 bias_filler FillerParameter",
    "BatchNormParameter": "1 use_global_stats bool; 2 moving_average_fraction float=0.999; 3 eps float=1e-05",
    "ScaleParameter": "1 axis int32=1; 2 num_axes int32=1; 3 filler FillerParameter; 4 bias_term bool=false;"
    "5 bias_filler FillerParameter",
    "BiasParameter": "1 axis int32=1; 2 num_axes int32=1; 3 filler FillerParameter",
    "LRNParameter": "1 local_size uint32=5; 2 alpha float=1; 3 beta float=0.75;"
    "4 norm_region NormRegion=ACROSS_CHANNELS; 5 k float=1; 6 engine Engine=DEFAULT",
    "MVNParameter": "1 normalize_variance bool=true; 2 across_channels bool=false; 3 eps float=1e-09",
    "DropoutParameter": "1 dropout_ratio float=0.5; 1160 scale_train bool=true",
    "ReLUParameter": "1 negative_slope float=0; 2 engine Engine=DEFAULT",
    "PReLUParameter": "1 filler FillerParameter; 2 channel_shared bool=false",
    "ELUParameter": "1 alpha float=1",
    "SigmoidParameter": "1 engine Engine=DEFAULT",
    "TanHParameter": "1 engine Engine=DEFAULT",
    "SwishParameter": "1 beta float=1",
    "ClipParameter": "1 min float!; 2 max float!",
    "PowerParameter": "1 power float=1; 2 scale float=1; 3 shift float=0",
    "ExpParameter": "1 base float=-1; 2 scale float=1; 3 shift float=0",
    "LogParameter": "1 base float=-1; 2 scale float=1; 3 shift float=0",
    "ThresholdParameter": "1 threshold float=0",
    "SoftmaxParameter": "1 engine Engine=DEFAULT; 2 axis int32=1",
    "EltwiseParameter": "1 operation EltwiseOp=SUM; 2 coeff float*; 3 stable_prod_grad bool=true",
    "ConcatParameter": "1 concat_dim uint32=1; 2 axis int32=1",
    "SliceParameter": "1 slice_dim uint32=1; 2 slice_point uint32*; 3 axis int32=1",
    "CropParameter": "1 axis int32=2; 2 offset uint32*",
    "FlattenParameter": "1 axis int32=1; 2 end_axis int32=-1",
    "ReshapeParameter": "1 shape BlobShape; 2 axis int32=0; 3 num_axes int32=-1",
    "TileParameter": "1 axis int32=1; 2 tiles int32",
    "ReductionParameter": "1 operation ReductionOp=SUM; 2 axis int32=0; 3 coeff float=1",
    "ArgMaxParameter": "1 out_max_val bool=false; 2 top_k uint32=1; 3 axis int32",
    "SPPParameter": "1 pyramid_height uint32; 2 pool PoolMethod=MAX; 6 engine Engine=DEFAULT",
    "RecurrentParameter": "1 num_output uint32=0; 2 weight_filler FillerParameter; 3 bias_filler FillerParameter;"
    "4 debug_info bool=false; 5 expose_hidden bool=false",
    "PythonParameter": "1 module string; 2 layer string; 3 param_str string=; 4 share_in_parallel bool=false",
    "AccuracyParameter": "1 top_k uint32=1; 2 axis int32=1; 3 ignore_label int32",
}

# The fields of a layer, whose message is the name's own (`elu_param` is an ELUParameter) or named after the colon.
LAYER_FIELDS = (
    "1 name; 2 type; 3 bottom; 4 top; 5 loss_weight; 6 param; 7 blobs; 8 include; 9 exclude; 10 phase;"
    "11 propagate_down; 100 transform_param; 101 loss_param; 102 accuracy_param; 103 argmax_param; 104 concat_param;"
    "105 contrastive_loss_param; 106 convolution_param; 107 data_param; 108 dropout_param; 109 dummy_data_param;"
    "110 eltwise_param; 111 exp_param; 112 hdf5_data_param; 113 hdf5_output_param; 114 hinge_loss_param;"
    "115 image_data_param; 116 infogain_loss_param; 117 inner_product_param; 118 lrn_param; 119 memory_data_param;"
    "120 mvn_param; 121 pooling_param; 122 power_param; 123 relu_param; 124 sigmoid_param; 125 softmax_param;"
    "126 slice_param; 127 tanh_param; 128 threshold_param; 129 window_data_param; 130 python_param; 131 prelu_param;"
    "132 spp_param; 133 reshape_param; 134 log_param; 135 flatten_param; 136 reduction_param; 137 embed_param;"
    "138 tile_param; 139 batch_norm_param; 140 elu_param; 141 bias_param; 142 scale_param; 143 input_param;"
    "144 crop_param; 145 parameter_param; 146 recurrent_param; 147 swish_param; 148 clip_param;"
    "1160 permute_param; 1161 norm_param; 1162 upsample_param; 1163 interp_param; 1164 shuffle_channel_param;"
    "1165 reorg_param; 1166 pass_through_param; 1167 prior_box_param; 1168 detection_output_param;"
    "1169 bn_param; 1170 roi_pooling_param; 1171 psroi_pooling_param;"
    "1172 reverse_param"
)
V1_FIELDS = (
    "1 layer; 2 bottom; 3 top; 4 name; 5 type; 6 blobs; 7 blobs_lr; 8 weight_decay; 9 concat_param; "
    "10 convolution_param; 11 data_param; 12 dropout_param; 13 hdf5_data_param; 14 hdf5_output_param; "
    "15 image_data_param; 16 infogain_loss_param; 17 inner_product_param; 18 lrn_param; 19 pooling_param; "
    "20 window_data_param; 21 power_param; 22 memory_data_param; 23 argmax_param; 24 eltwise_param; "
    "25 threshold_param; 26 dummy_data_param; 27 accuracy_param; 29 hinge_loss_param; 30 relu_param; 31 slice_param; "
    "32 include; 33 exclude; 34 mvn_param; 35 loss_weight; 36 transform_param; 37 tanh_param; 38 sigmoid_param; "
    "39 softmax_param; 40 contrastive_loss_param; 41 exp_param; 42 loss_param; 1001 param; 1002 blob_share_mode;"
    "1160 interp_param"
)
V0_FIELDS = (
    "1 name; 2 type; 3 num_output; 4 biasterm; 5 weight_filler; 6 bias_filler; 7 pad; 8 kernelsize; 9 group; 10 stride;"
    "11 pool; 12 dropout_ratio; 13 local_size; 14 alpha; 15 beta; 16 source; 17 scale; 18 meanfile; 19 batchsize;"
    "20 cropsize; 21 mirror; 22 k; 50 blobs; 65 concat_dim"
)
ENUMS = {
    "Phase": "TRAIN 0, TEST 1",
    "Engine": "DEFAULT 0, CAFFE 1, CUDNN 2",
    "PoolMethod": "MAX 0, AVE 1, STOCHASTIC 2",
    "DimCheckMode": "STRICT 0, PERMISSIVE 1",
    "FillerParameter.VarianceNorm": "FAN_IN 0, FAN_OUT 1, AVERAGE 2",
    "PoolingParameter.RoundMode": "CEIL 0, FLOOR 1",
    "LRNParameter.NormRegion": "ACROSS_CHANNELS 0, WITHIN_CHANNEL 1",
    "EltwiseParameter.EltwiseOp": "PROD 0, SUM 1, MAX 2",
    "ReductionParameter.ReductionOp": "SUM 1, ASUM 2, SUMSQ 3, MEAN 4",
    "V1LayerParameter.LayerType": "NONE 0, ACCURACY 1, BNLL 2, CONCAT 3, CONVOLUTION 4, DATA 5, DROPOUT 6, "
    "EUCLIDEAN_LOSS 7, FLATTEN 8, HDF5_DATA 9, HDF5_OUTPUT 10, IM2COL 11, IMAGE_DATA 12, INFOGAIN_LOSS 13, "
    "INNER_PRODUCT 14, LRN 15, MULTINOMIAL_LOGISTIC_LOSS 16, POOLING 17, RELU 18, SIGMOID 19, SOFTMAX 20, "
    "SOFTMAX_LOSS 21, SPLIT 22, TANH 23, WINDOW_DATA 24, ELTWISE 25, POWER 26, SIGMOID_CROSS_ENTROPY_LOSS 27, "
    "HINGE_LOSS 28, MEMORY_DATA 29, ARGMAX 30, THRESHOLD 31, DUMMY_DATA 32, SLICE 33, MVN 34, ABSVAL 35, SILENCE 36, "
    "CONTRASTIVE_LOSS 37, EXP 38, DECONVOLUTION 39, INTERP 1160",
}

TYPES = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_DOUBLE: "double",
}
MARKS = {
    descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED: "*",
    descriptor_pb2.FieldDescriptorProto.LABEL_REQUIRED: "!",
}


def declared(field: descriptor_pb2.FieldDescriptorProto) -> str:
    """A field as the tables write it: `3 stride uint32=1`."""
    kind = TYPES.get(field.type) or field.type_name.rpartition(".")[2]
    mark = "[]" if field.options.packed else MARKS.get(field.label, "")
    default = f"{float(field.default_value):.7g}" if kind == "float" and field.default_value else field.default_value
    return f"{field.number} {field.name} {kind}{mark}" + (f"={default}" if field.HasField("default_value") else "")


def message(name: str) -> Descriptor:
    return caffe_pb2.DESCRIPTOR.message_types_by_name[name]


def fields(name: str) -> list[descriptor_pb2.FieldDescriptorProto]:
    proto = descriptor_pb2.DescriptorProto()
    message(name).CopyToProto(proto)
    return sorted(proto.field, key=lambda field: field.number)


@pytest.mark.parametrize("name", TABLE)
def test_message(name: str) -> None:
    assert [declared(field) for field in fields(name)] == [row.strip() for row in TABLE[name].split(";")]


@pytest.mark.parametrize(
    ("name", "table"),
    [("LayerParameter", LAYER_FIELDS), ("V1LayerParameter", V1_FIELDS), ("V0LayerParameter", V0_FIELDS)],
)
def test_layer_numbers(name: str, table: str) -> None:
    wanted = [row.strip() for row in table.split(";")]
    found = [f"{field.number} {field.name}" for field in fields(name)]
    if name == "V0LayerParameter":  # its training fields, 51-64 and 1001, are in no table
        found = [row for row in found if row in wanted or not 51 <= int(row.split()[0]) <= 64]
        found.remove("1001 hdf5_output_param")
    assert found == wanted


@pytest.mark.parametrize("name", ["LayerParameter", "V1LayerParameter"])
def test_a_parameter_field_holds_the_message_of_its_name(name: str) -> None:
    for field in fields(name):
        if field.name.endswith("_param"):
            wanted = field.name.replace("transform_", "transformation_").replace("_param", "parameter").replace("_", "")
            assert field.type_name.rpartition(".")[2].lower() == wanted


@pytest.mark.parametrize("name", ENUMS)
def test_enum(name: str) -> None:
    outer, _, inner = name.rpartition(".")
    enums = message(outer).enum_types_by_name if outer else caffe_pb2.DESCRIPTOR.enum_types_by_name
    assert ", ".join(f"{value.name} {value.number}" for value in enums[inner].values) == ENUMS[name]


def test_only_clip_has_required_fields() -> None:
    required = {
        name
        for name in caffe_pb2.DESCRIPTOR.message_types_by_name
        if any(field.label == descriptor_pb2.FieldDescriptorProto.LABEL_REQUIRED for field in fields(name))
    }
    assert required == {"ClipParameter"}


def test_bytes_on_the_wire() -> None:
    """A net written out by hand in protobuf's encoding: field number * 8 + wire type, length, bytes."""
    data = b"\x2a\x04\x00\x00\x80\x3f"  # 5, packed floats: [1.0]
    shape = b"\x3a\x03\x0a\x01\x01"  # 7: dim (1, packed): [1]
    blob = data + shape
    pool = b"\x08\x01\x10\x03\x68\x01"  # pool AVE, kernel_size 3, round_mode FLOOR
    layer = b"\x0a\x01p" + b"\x12\x07Pooling" + b"\x3a" + bytes([len(blob)]) + blob + b"\xca\x07\x06" + pool
    net = caffe_pb2.NetParameter()
    net.ParseFromString(b"\x0a\x01n" + b"\xa2\x06" + bytes([len(layer)]) + layer)
    assert (net.name, net.layer[0].name, net.layer[0].type) == ("n", "p", "Pooling")
    assert list(net.layer[0].blobs[0].data) == [1.0]
    assert list(net.layer[0].blobs[0].shape.dim) == [1]
    assert net.layer[0].pooling_param.pool == caffe_pb2.AVE
    assert net.layer[0].pooling_param.kernel_size == 3
    assert net.layer[0].pooling_param.round_mode == caffe_pb2.PoolingParameter.FLOOR


# ---- Generated code --------------------------------------------------------------------------------------------------


def compiler() -> list[str] | None:
    if importlib.util.find_spec("grpc_tools") is not None:
        return [sys.executable, "-m", "grpc_tools.protoc"]
    protoc = shutil.which("protoc")
    return [protoc] if protoc else None


def settled(file: descriptor_pb2.FileDescriptorProto) -> descriptor_pb2.FileDescriptorProto:
    """Without the two things in which compilers and runtimes differ: json_name, and the digits of a float's default."""
    for field in (field for outer in file.message_type for field in outer.field):
        field.ClearField("json_name")
        if field.type == FieldDescriptor.TYPE_FLOAT and field.HasField("default_value"):
            field.default_value = str(np.float32(field.default_value))
    return file


@pytest.mark.skipif(compiler() is None, reason="no protoc: neither grpcio-tools nor protobuf-compiler is installed")
def test_caffe_pb2_is_made_from_caffe_proto(tmp_path: Path) -> None:
    out = tmp_path / "set"
    subprocess.run([*(compiler() or []), "-I.", f"--descriptor_set_out={out}", PROTO], check=True, cwd=ROOT)
    fresh = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file[0]
    stored = descriptor_pb2.FileDescriptorProto.FromString(caffe_pb2.DESCRIPTOR.serialized_pb)
    assert len(stored.message_type) > 50
    assert settled(stored) == settled(fresh)


def test_the_type_stub_is_made_from_caffe_proto() -> None:
    tree = ast.parse((ROOT / "caffe_ir/proto/caffe_pb2.pyi").read_text(encoding="utf-8"))
    stub = {
        node.name: {
            item.target.id
            for item in node.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        }
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    for name, descriptor in caffe_pb2.DESCRIPTOR.message_types_by_name.items():
        assert {item for item in stub[name] if item.islower()} == set(descriptor.fields_by_name)


def test_another_caffe_proto_in_the_same_process_does_no_harm() -> None:
    """pycaffe's copy is called caffe.proto, of package caffe; protobuf takes neither name twice."""
    program = f"""
from google.protobuf import descriptor_pb2, descriptor_pool
foreign = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
for name in {list(caffe_pb2.DESCRIPTOR.message_types_by_name)!r}:
    foreign.message_type.add(name=name)
foreign.enum_type.add(name="Phase").value.add(name="TRAIN", number=0)
descriptor_pool.Default().AddSerializedFile(foreign.SerializeToString())
from caffe_ir.proto import caffe_pb2
caffe_pb2.NetParameter(name="n").SerializeToString()
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
