"""PyTorch's and the course's normalizations, which answers to exercise 04 may not call."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from course_utils.regularizers import BatchNorm1d

LIBRARY = (
    *(F.batch_norm, torch.batch_norm, torch.native_batch_norm, nn.BatchNorm1d),
    *(nn.modules.batchnorm._BatchNorm.forward, BatchNorm1d, BatchNorm1d.forward),
    *(F.layer_norm, torch.layer_norm, torch.native_layer_norm, nn.LayerNorm.forward),
    *(F.rms_norm, torch.rms_norm, nn.RMSNorm.forward),
    *(F.group_norm, torch.group_norm, torch.native_group_norm, nn.GroupNorm.forward),
    *(F.instance_norm, torch.instance_norm, nn.modules.instancenorm._InstanceNorm.forward),
)
