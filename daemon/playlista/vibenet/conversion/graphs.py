"""VibeNet's network cut where a gate needs the mean over the whole track: one small ONNX graph between two cuts.

Input: the published weights. Output: 17 graphs (opset 13). The network gates each channel by its mean over the whole
track, sixteen times, so that it cannot be run window by window without another answer. Cut there, each part can be
given a few columns at a time: :mod:`playlista.vibenet.network` does so.

A part takes ``columns`` [1, channels, rows, columns], but for the first, and a ``gate`` [1, channels, 1, 1] of the
block before, and gives ``convolved``, what its own gate is to be applied to, and ``mean``, over rows and columns. Zeros
are added by ``zeros``, a pair for the two ends of the time axis, since only the ends of the track have them.
"""

from __future__ import annotations

from playlista.models.onnx_graph import GraphWriter
from playlista.tracks.patches import VIBENET_BANDS
from playlista.vibenet.architecture import BLOCKS, HEAD_CHANNELS, Block
from playlista.vibenet.conversion.weights import Convolution, Weights, folded

PREFIX = "backbone.features"
#: What the block behind a gate begins with: an output where that block is residual.
BLOCK_INPUT = "block_input"


def first_graph(weights: Weights) -> bytes:
    """From ``bands`` [1, 128, columns] through the stem to the convolution of the first block."""
    graph = GraphWriter("vibenet-00")
    graph.input("bands", 1, VIBENET_BANDS, None)
    image = graph.node("Unsqueeze", "image", "bands", graph.integers("image_axis", 1))
    stem = folded(weights, f"{PREFIX}.0.0", f"{PREFIX}.0.1")
    # The three channels of the published network are copies of one.
    single = Convolution(stem.kernel.sum(axis=1, keepdims=True), stem.bias)
    columns = _silu(graph, _convolve(graph, "stem", image, single, strides=(2, 2), pads=(1, 0, 1, 0)), "columns")
    _to_gate(graph, weights, BLOCKS[0], columns)
    return graph.serialized()


def middle_graph(weights: Weights, number: int) -> bytes:
    """From the gate of block `number` - 1 to that of block `number`."""
    graph = GraphWriter(f"vibenet-{number:02}")
    block = BLOCKS[number]
    projected = _from_gate(graph, weights, BLOCKS[number - 1])
    if block.is_residual:
        graph.output(projected, 1, block.channels_in, block.rows, None)
    expansion = folded(weights, f"{_name(block)}.0.0", f"{_name(block)}.0.1")
    _to_gate(graph, weights, block, _silu(graph, _convolve(graph, "wide", projected, expansion), "expanded"))
    return graph.serialized()


def last_graph(weights: Weights) -> bytes:
    """From the gate of the last block to ``features`` [1, 1280, columns], means over the rows."""
    graph = GraphWriter(f"vibenet-{len(BLOCKS):02}")
    projected = _from_gate(graph, weights, BLOCKS[-1])
    head = folded(weights, f"{PREFIX}.8.0", f"{PREFIX}.8.1")
    activated = _silu(graph, _convolve(graph, "head", projected, head), "activated")
    graph.node("ReduceMean", "features", activated, axes=(2,), keepdims=0)
    graph.output("features", 1, HEAD_CHANNELS, None)
    return graph.serialized()


def _from_gate(graph: GraphWriter, weights: Weights, block: Block) -> str:
    """The end of `block`: gate, projection, and its own input added where it is residual."""
    rows = block.rows // block.stride
    graph.input("columns", 1, block.expanded, rows, None)
    graph.input("gate", 1, block.expanded, 1, 1)
    gated = graph.node("Mul", "gated", "columns", "gate")
    place = 2 if block.expanded == block.channels_in else 3
    projection = folded(weights, f"{_name(block)}.{place}.0", f"{_name(block)}.{place}.1")
    if not block.is_residual:
        return _convolve(graph, BLOCK_INPUT, gated, projection)
    graph.input("former", 1, block.channels_in, rows, None)
    return graph.node("Add", BLOCK_INPUT, _convolve(graph, "projected", gated, projection), "former")


def _to_gate(graph: GraphWriter, weights: Weights, block: Block, expanded: str) -> None:
    """The middle of `block`: its convolution of each channel by itself, and the means for its gate."""
    graph.input("zeros", 8, is_integer=True)
    padded = graph.node("Pad", "padded", expanded, "zeros")
    place = 0 if block.expanded == block.channels_in else 1
    convolution = folded(weights, f"{_name(block)}.{place}.0", f"{_name(block)}.{place}.1")
    pads, strides = (block.reach, 0, block.reach, 0), (block.stride, block.stride)
    convolved = _convolve(graph, "alone", padded, convolution, pads=pads, strides=strides, group=block.expanded)
    _silu(graph, convolved, "convolved")
    graph.node("ReduceMean", "mean", "convolved", axes=(2, 3), keepdims=0)
    graph.output("convolved", 1, block.expanded, block.rows // block.stride, None)
    graph.output("mean", 1, block.expanded)


def _name(block: Block) -> str:
    return f"{PREFIX}.{block.stage}.{block.repeat}.block"


def _convolve(
    graph: GraphWriter, output: str, source: str, convolution: Convolution, **attributes: int | tuple[int, ...]
) -> str:
    kernel = graph.constant(f"{output}_kernel", convolution.kernel)
    return graph.node("Conv", output, source, kernel, graph.constant(f"{output}_bias", convolution.bias), **attributes)


def _silu(graph: GraphWriter, source: str, output: str) -> str:
    """x times its sigmoid."""
    return graph.node("Mul", output, source, graph.node("Sigmoid", f"{source}_sigmoid", source))
