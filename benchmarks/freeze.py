"""Freezes the published MusiCNN graph as it is, with TensorFlow: the yardstick for our own smaller graph.

``python -m benchmarks.freeze WHEEL OUT.pb`` is for the conformance tests and the benchmarks; the
daemon neither needs nor runs it. It is a program of its own since importing TensorFlow costs 450 MB that only the end
of a process gives back.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from playlista.musicnn.conversion.wheel import CHECKPOINT_FILES, Wheel, open_wheel

_INPUT = "model/Placeholder"
_IS_TRAINING = "model/Placeholder_2"
_OUTPUTS = ["model/Sigmoid", "model/dense/BiasAdd"]


def freeze_published_graph(wheel: Wheel, out: Path) -> None:
    """Write MSD_musicnn from `wheel` as a frozen ``GraphDef``, dead filters, normalisations and all.

    ``import_meta_graph`` fails on the gradient nodes under TensorFlow 2, so the part between input and outputs is cut
    out of the graph first, and the placeholder that asks "is this training?" is answered with False.
    """
    tf = importlib.import_module("tensorflow")
    with tempfile.TemporaryDirectory() as folder:
        for name in CHECKPOINT_FILES:
            (Path(folder) / name).write_bytes(wheel.read_checkpoint_file(name))
        out.write_bytes(_frozen(tf, Path(folder)))


def _frozen(tf: Any, folder: Path) -> bytes:
    v1 = tf.compat.v1
    meta = v1.MetaGraphDef.FromString((folder / ".meta").read_bytes())
    graph_def = v1.graph_util.extract_sub_graph(meta.graph_def, _OUTPUTS)
    _answer_not_training(tf, graph_def)
    with tf.Graph().as_default(), v1.Session() as session:
        tf.import_graph_def(graph_def, name="")
        _restore(v1, session, f"{folder}/")
        frozen = v1.graph_util.convert_variables_to_constants(session, graph_def, _OUTPUTS)
    serialized: bytes = frozen.SerializeToString()
    return serialized


def _answer_not_training(tf: Any, graph_def: Any) -> None:
    (node,) = (node for node in graph_def.node if node.name == _IS_TRAINING)
    node.Clear()
    node.name, node.op = _IS_TRAINING, "Const"
    node.attr["dtype"].type = tf.bool.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(False, dtype=tf.bool))


def _restore(v1: Any, session: Any, prefix: str) -> None:
    """Assign every variable of the graph by its name in the checkpoint (there are no Variable objects to save)."""
    reader = v1.train.NewCheckpointReader(prefix)
    operations = session.graph.get_operations()
    for variable in (op for op in operations if op.type == "VariableV2"):
        value = reader.get_tensor(variable.name)
        session.run(v1.raw_ops.Assign(ref=variable.outputs[0], value=value))


if __name__ == "__main__":
    with open_wheel(Path(sys.argv[1])) as opened:
        freeze_published_graph(opened, Path(sys.argv[2]))
