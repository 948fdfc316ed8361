"""Options that never change what a net computes from an input, by the places that read them.

They are for training, for augmentation, for the way a picture is brought to the input, and for what is done to boxes
after the last layer. Every other option that nobody read is reported.
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


IGNORED_IN_NET = _words(
    "batch subdivisions time_steps notruth learning_rate learning_rate_min sgdr_cycle sgdr_mult momentum decay"
    " policy power step scale steps scales seq_scales gamma burn_in max_batches adam B1 B2 eps clip random"
    " max_crop min_crop max_ratio min_ratio center angle aspect saturation exposure hue flip blur gaussian_noise"
    " mixup cutmix mosaic mosaic_bound letter_box label_smooth_eps resize_step attention adversarial_lr"
    " contrastive contrastive_jit_flip contrastive_color unsupervised max_chart_loss track augment_speed"
    " sequential_subdivisions try_fix_nan weights_reject_freq equidistant_point badlabels_rejection_percentage"
    " num_sigmas_reject_badlabels ema_alpha use_cuda_graph loss_scale dynamic_minibatch optimized_memory"
    " workspace_size_limit_MB show_receptive_field"
)
IGNORED_IN_LAYERS = _words(
    "clip truth onlyforward stopbackward dontsave learning_rate smooth dont_update burnin_update train_only_bn"
)
_DETECTOR = (
    "max jitter resize random rescore coord_scale object_scale noobject_scale mask_scale class_scale focal_loss map"
    " ignore_thresh truth_thresh iou_thresh iou_thresh_kind iou_loss iou_normalizer obj_normalizer cls_normalizer"
    " delta_normalizer uc_normalizer max_delta counters_per_class label_smooth_eps objectness_smooth show_details"
    " beta_nms nms_kind yolo_point track_history_size sim_thresh dets_for_track dets_for_show track_ciou_norm"
    " embedding_layer"
)
IGNORED_BY_KIND: Mapping[str, frozenset[str]] = {
    "convolutional": _words(
        "assisted_excitation sway rotate stretch stretch_sway angle grad_centr dot reverse stream wait_stream"
    ),
    "route": frozenset({"stream", "wait_stream"}),
    "dropout": _words("probability dropblock dropblock_size_rel dropblock_size_abs"),
    "crop": _words("flip angle saturation exposure shift"),
    "cost": _words("type scale ratio noobj thresh"),
    "softmax": frozenset({"noloss"}),
    "implicit": frozenset({"mean", "std"}),
    "yolo": _words(_DETECTOR),
    "Gaussian_yolo": _words(_DETECTOR),
    "region": _words(f"{_DETECTOR} log sqrt thresh classfix absolute bias_match"),
    "detection": _words(f"{_DETECTOR} forced sqrt reorg"),
}
