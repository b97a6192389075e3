"""Habits from JAX and PyTorch that have to do with networks, as ``habits`` has them: data alone."""

from __future__ import annotations

from .habit_rows import OURS, same

__all__ = ["NETWORKS_OF_JAX", "NETWORKS_OF_TORCH"]

CONVOLUTIONS_OF_JAX = {
    "strides": "Write stride=",
    "window_strides": "Write stride=",
    "rhs_dilation": "Write dilation=",
    "kernel_dilation": "Write dilation=",
    "feature_group_count": "Write groups=",
    "dimension_numbers": "Leave it out: images are (images, channels, height, width), of anp.moveaxis(x, -1, 1)",
}

INITIALISERS = {
    "kaiming_normal": "he_normal", "kaiming_uniform": "he_uniform",
    "xavier_normal": "glorot_normal", "xavier_uniform": "glorot_uniform",
}

NETWORKS_OF_JAX = {
    "conv1d()": CONVOLUTIONS_OF_JAX,
    "conv2d()": CONVOLUTIONS_OF_JAX,
    "dropout()": {"deterministic": "Write training=, its opposite", "key": "Write rng=, a numpy.random.Generator"},
    "attention()": {"is_causal": "Write causal=", "bias": "Write mask=, floating-point numbers, which are added"},
    "layer_norm()": {"epsilon": "Write eps=", "scale": "Write weight=", "reduction_axes": "Write axis="},
    "batch_norm()": {
        "epsilon": "Write eps=", "scale": "Write weight=", "use_running_average": "Write training=, its opposite",
        "use_scale": "Leave weight out, or write weight=", "use_bias": "Leave bias out, or write bias=",
    },
    f"{OURS}.nn": {
        **same("celu glu hard_sigmoid hard_silu hard_swish mish soft_sign", "Write it with anp, nn.relu6, nn.sigmoid"),
        "dot_product_attention": "Write nn.attention(query, key, value), with heads before positions",
        "initializers": "Write nn.init.he_normal(rng, shape)",
        "standardize": "Write nn.layer_norm(x)",
        "tanh": "Write anp.tanh(x)",
    },
    f"{OURS}.nn.init": {
        **{theirs: f"Write nn.init.{ours}(rng, shape)" for theirs, ours in INITIALISERS.items()},
        "variance_scaling": "Write nn.init.lecun_normal(rng, shape)",
        **same("constant normal uniform truncated_normal", "Draw from the generator, or write numpy.full(shape, 0.1)"),
    },
}

ACTIVATIONS_OF_TORCH = {
    "ELU": "elu", "GELU": "gelu", "Hardtanh": "hard_tanh", "LeakyReLU": "leaky_relu", "LogSigmoid": "log_sigmoid",
    "PReLU": "leaky_relu", "ReLU6": "relu6", "SELU": "selu", "SiLU": "silu", "Softplus": "softplus",
    "hardtanh": "hard_tanh", "logsigmoid": "log_sigmoid",
}

LAYERS_OF_TORCH = {
    "AvgPool1d": "avg_pool1d(x, size)", "AvgPool2d": "avg_pool2d(x, size)",
    "BatchNorm1d": "batch_norm(x, mean, var)", "BatchNorm2d": "batch_norm(x, mean, var)",
    "Conv1d": "conv1d(x, weight, bias)", "Conv2d": "conv2d(x, weight, bias)", "Dropout": "dropout(x, rate, rng)",
    "Embedding": "embedding(table, numbers)", "LayerNorm": "layer_norm(x, weight, bias)",
    "MaxPool1d": "max_pool1d(x, size)", "MaxPool2d": "max_pool2d(x, size)",
    "MultiheadAttention": "attention(query, key, value)",
}

NETWORKS_OF_TORCH = {
    "minibatches()": {
        "shuffle": "Write rng=, a numpy.random.Generator", "generator": "Write rng=, a numpy.random.Generator",
        **same("num_workers pin_memory collate_fn sampler", "Leave it out: rows are read by slices of arrays"),
    },
    "dropout()": {
        "p": "Write rate=", "inplace": "Leave it out: the answer is a new array",
        "train": "Write training=", "generator": "Write rng=, a numpy.random.Generator",
    },
    "attention()": {
        "is_causal": "Write causal=", "attn_mask": "Write mask=",
        "dropout_p": "Write nn.dropout(x, rate, rng) around it",
    },
    **{f"{name}()": {"dim": "Write axis="} for name in ("softmax", "log_softmax")},
    "logsumexp()": {"dim": "Write axis=", "keepdim": "Write keepdims="},
    "softmax_cross_entropy()": {
        "label_smoothing": "Write rows as labels: (1 - s) * nn.one_hot(labels, n) + s / n",
        **same("ignore_index weight", "Weigh the losses of examples: those of reduction=\"none\""),
    },
    "layer_norm()": {"normalized_shape": "Write axis=, the axes of that shape"},
    "conv1d()": {"padding_mode": "Write anp.pad(x, widths, mode) before it"},
    "conv2d()": {"padding_mode": "Write anp.pad(x, widths, mode) before it"},
    f"{OURS}.data": same("DataLoader Dataset TensorDataset", "Write data.minibatches(arrays, batch_size, rng=rng)"),
    f"{OURS}.nn": {
        **same("Module Parameter Sequential Linear", "Hand the parameters over: grad(loss)(parameters, x)"),
        "functional": "Its functions stand here: nn.relu, nn.conv2d, nn.softmax, nn.softmax_cross_entropy",
        **same("ReLU Sigmoid Softmax LogSoftmax", "Write nn.relu(x), nn.sigmoid(x), nn.softmax(x), nn.log_softmax(x)"),
        **{name: f"Write nn.{ours}(x)" for name, ours in ACTIVATIONS_OF_TORCH.items()},
        **{name: f"Write nn.{ours}" for name, ours in LAYERS_OF_TORCH.items()},
        **same("CrossEntropyLoss cross_entropy", "Write nn.softmax_cross_entropy(logits, labels)"),
        **same("MSELoss mse_loss", "Write nn.mse(predictions, targets)"),
        **same("L1Loss l1_loss", "Write nn.mae(predictions, targets)"),
        **same("HuberLoss SmoothL1Loss huber_loss smooth_l1_loss", "Write nn.huber(predictions, targets)"),
        **same("BCEWithLogitsLoss binary_cross_entropy_with_logits", "Write nn.sigmoid_cross_entropy(logits, labels)"),
        "BCELoss": "Write nn.binary_cross_entropy(probabilities, labels)",
        **same("KLDivLoss kl_div", "Write nn.kl_divergence(log_predictions, targets)"),
        "scaled_dot_product_attention": "Write nn.attention(query, key, value)",
    },
    f"{OURS}.nn.init": {
        **{
            f"{theirs}_": f"Write nn.init.{ours}(rng, shape), which gives a new array"
            for theirs, ours in {**INITIALISERS, "orthogonal": "orthogonal", "zeros": "zeros", "ones": "ones"}.items()
        },
        "calculate_gain": "Hand the number to nn.init.he_normal, as its gain",
    },
}
