"""Parity of ONNX exports: the twelve built in, and a small one of many families.

`python -m benchmarks.export_matrix [--only NAME…] [--results F.json] [--write-docs]`. The models
are untrained, with a head that tells pictures apart; each is exported as a trial's model is and
compared with itself in torch, on batches of other sizes than it was traced with. Results are
kept in the file, so that the whole can be done in parts; `--write-docs` puts the table into
docs/export.md.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import timm
import torch

from automl.export.parity_report import TOLERANCE
from automl.host.cores import usable_cores
from automl.jobs import model_catalog
from automl.model import blocks, onnx_conversion
from automl.model.network import Normalised
from benchmarks.figures import Figures

_DOCS = Path(__file__).parents[1] / "docs" / "export.md"
_START, _END = "<!-- matrix -->\n", "<!-- end of matrix -->\n"
_NUM_CLASSES = 10
FAMILIES = {
    "BEiT": "beit_base_patch16_224",
    "CaiT": "cait_xxs24_224",
    "ConvNeXt": "convnext_atto",
    "ConvNeXt V2": "convnextv2_atto",
    "DeiT": "deit_tiny_patch16_224",
    "DenseNet": "densenet121",
    "DLA": "dla46_c",
    "EdgeNeXt": "edgenext_xx_small",
    "EfficientFormer": "efficientformer_l1",
    "EfficientFormer V2": "efficientformerv2_s0",
    "EfficientNet": "efficientnet_b0",
    "EfficientNet V2": "tf_efficientnetv2_b0",
    "EfficientViT": "efficientvit_b0",
    "EVA-02": "eva02_tiny_patch14_224",
    "FastViT": "fastvit_t8",
    "GhostNet": "ghostnet_050",
    "HRNet": "hrnet_w18_small",
    "Inception": "inception_v3",
    "LCNet": "lcnet_035",
    "LeViT": "levit_128s",
    "MaxViT": "maxvit_rmlp_pico_rw_256",
    "MLP-Mixer": "mixer_s32_224",
    "MobileNet V3": "mobilenetv3_small_050",
    "MobileNet V4": "mobilenetv4_conv_small_035",
    "MobileOne": "mobileone_s0",
    "MobileViT": "mobilevit_xxs",
    "NFNet": "nf_regnet_b0",
    "PiT": "pit_ti_224",
    "PoolFormer": "poolformer_s12",
    "RegNet": "regnetx_002",
    "RepVGG": "repvgg_a0",
    "ResNet V2": "resnetv2_18",
    "Swin": "swin_tiny_patch4_window7_224",
    "Swin V2": "swinv2_tiny_window8_256",
    "TinyViT": "tiny_vit_5m_224",
    "VGG": "vgg11",
    "ViT": "vit_tiny_patch16_224",
    "XCiT": "xcit_nano_12_p16_224",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.export_matrix")
    parser.add_argument("--only", nargs="*", help="names of models; those left over if missing")
    parser.add_argument("--results", type=Path, default=Path("export_matrix.json"))
    parser.add_argument("--write-docs", action="store_true")
    given = parser.parse_args()
    rows: dict[str, dict[str, Any]] = {}
    if given.results.is_file():
        rows = json.loads(given.results.read_text("utf-8"))
    models = _models()
    for name in given.only if given.only is not None else [n for n in models if n not in rows]:
        rows[name] = {"family": models[name], **examined(name)}
        print(name, rows[name], flush=True)
        given.results.write_text(json.dumps(rows, indent=1), "utf-8")
    rows = {name: rows[name] for name in models if name in rows}
    if given.write_docs:
        _write_docs(rows)
    print(table(rows))
    _report(rows)


def _models() -> dict[str, str]:
    """Our name or timm's -> the family it stands for."""
    built_in = {name: model_catalog.family(name) for name in model_catalog.AZURE_NAMES}
    return built_in | {name: family for family, name in FAMILIES.items()}


def examined(name: str) -> dict[str, Any]:
    """Result of exporting one model."""
    torch.manual_seed(0)
    try:
        network, side = _network(name)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            started = time.perf_counter()
            onnx_conversion.convert(network, torch.rand(2, 3, side, side), path)
            seconds = time.perf_counter() - started
            return {
                "side": side,
                "seconds": round(seconds, 1),
                "megabytes": round(path.stat().st_size / 1e6, 1),
                **_compared(network, path, side),
            }
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what the table is about)
        reason = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
        return {"problem": reason[:200]}


def _network(name: str) -> tuple[torch.nn.Module, int]:
    architecture = model_catalog.timm_name(name).partition(".")[0]
    network = timm.create_model(architecture, num_classes=_NUM_CLASSES, exportable=True)
    heads = blocks.last_layer(network)
    for parameter in heads.parameters():  # of some families they are almost nothing
        torch.nn.init.normal_(parameter, std=0.5)
    config = network.pretrained_cfg
    side = model_catalog.fixed_input_size(name) or config["input_size"][-1]
    return Normalised(network, config["mean"], config["std"]).eval(), side


def _compared(network: torch.nn.Module, path: Path, side: int) -> dict[str, Any]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    generator = torch.Generator().manual_seed(1)
    apart, agreed, milliseconds = 0.0, 0, []
    for size in (1, 3, 1):
        pixels = torch.rand(size, 3, side, side, generator=generator)
        with torch.inference_mode():
            own = network(pixels)
        # a head that was never trained may be so sure of itself that any two of them agree
        scale = own.std().clamp(min=1)
        wanted = (own / scale).softmax(dim=1).numpy()
        started = time.perf_counter()
        (logits,) = session.run(["output1"], {"input1": pixels.numpy()})
        milliseconds.append((time.perf_counter() - started) * 1000 / size)
        given = (torch.from_numpy(np.asarray(logits)) / scale).softmax(dim=1).numpy()
        apart = max(apart, float(np.abs(given - wanted).max()))
        agreed += int((given.argmax(axis=1) == wanted.argmax(axis=1)).sum())
    found = {"max_probability_difference": apart, "agreement": agreed / 5}
    if not apart <= TOLERANCE:
        return {**found, "problem": f"probabilities differ by {apart:.1e}"}
    return {**found, "latency_ms": round(min(milliseconds), 1)}


def table(rows: dict[str, dict[str, Any]]) -> str:
    lines = [
        "| family | model | px | ONNX | largest difference | MB | seconds to export |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        verdict = row.get("problem") or "yes"
        apart = row.get("max_probability_difference")
        cells = [
            *(row["family"], f"`{name}`", row.get("side", "–"), verdict.replace("|", "/")),
            "–" if apart is None else f"{apart:.0e}",
            *(row.get("megabytes", "–"), row.get("seconds", "–")),
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def _write_docs(rows: dict[str, dict[str, Any]]) -> None:
    before, _, rest = _DOCS.read_text("utf-8").partition(_START)
    _, _, after = rest.partition(_END)
    _DOCS.write_text(before + _START + table(rows) + _END + after, "utf-8")


def _report(rows: dict[str, dict[str, Any]]) -> None:
    measured = Figures()
    works = [name for name, row in rows.items() if "problem" not in row]
    built_in = [name for name in works if name in model_catalog.AZURE_NAMES]
    measured.add("built_in_models", len(built_in), at_least=12)
    measured.add("further_families", len(works) - len(built_in), at_least=15)
    measured.print_last_line()


if __name__ == "__main__":
    sys.exit(main())
