"""Job files like those that people send to Azure, right and wrong: one change to a plain job each.

This file needs nothing but PyYAML, because a Python with Azure's client reads it, too.
"""

from collections.abc import Iterator
from typing import Any

import yaml

DATASTORES = {"here": "data"}
DATA_ASSETS = {"mapped": "data"}
"""Places that are mapped to a folder when a job is checked here."""

_TRAIN = {"type": "mltable", "path": "data"}
_JOB = {
    "type": "automl",
    "task": "image_classification",
    "primary_metric": "accuracy",
    "target_column_name": "label",
    "compute": "azureml:cluster",
    "experiment_name": "e",
    "training_data": _TRAIN,
    "limits": {"max_trials": 4, "max_concurrent_trials": 2, "timeout_minutes": 60},
}
_SWEEP = {
    "sampling_algorithm": "random",
    "early_termination": {"type": "bandit", "slack_factor": 0.2, "evaluation_interval": 2},
}
_ONE = [{"learning_rate": {"type": "choice", "values": [0.1, 0.2]}}]

_TOP: dict[str, list[Any]] = {
    "type": ["AutoML", "AUTOML"],
    "task": ["Image_Classification", "ImageClassification", "image_classification_multilabel"]
    + ["classification", "text_classification", "image_object_detection"]
    + ["image_instance_segmentation"],
    "primary_metric": ["Accuracy", "AUC_weighted", "AucWeighted", "AUCWeighted", "auc_weighted"]
    + [
        "norm_macro_recall",
        "normMacroRecall",
        "NormMacroRecall",
        "average_precision_score_weighted",
    ]
    + ["AveragePrecisionScoreWeighted", "precision_score_weighted", "f1", "iou", "auc-weighted"]
    + ["PrecisionScoreWeighted"],
    "log_verbosity": ["NotSet", "Debug", "DEBUG", "info", "warning", "critical", "verbose", None],
    "tags": [None, {}, {"a": 1}, {"a": True}, "x"],
    "properties": [None, {}, {"a": "b"}, "x"],
    "description": ["x", None, 5],
    "display_name": ["x", None, 5],
    "experiment_name": ["x", None, 5],
    "name": ["x", None, 5],
    "compute": ["x", "azureml:x", None],
    "environment_id": ["x", None],
    "environment_variables": [{"A": "b"}, {"A": 1}],
    "id": ["x", None],
    "status": ["Completed", None],
    "creation_context": [{}, None, {"created_by": "x"}],
    "log_files": [{}, None],
    "base_path": ["x"],
    "component": ["x"],
    "inputs": [{}, "x"],
    "resources": [{"instance_type": ["a", "b"]}, {"instance_count": 2}, {"instance_count": "2"}, {}]
    + [{"instance_type": "a"}, {"instance_count": 0}, {"shm_size": "2g"}, {"docker_args": "x"}]
    + [{"properties": {"a": {"b": 1}}}, None],
    "identity": [{"type": name} for name in ("AMLToken", "aml_token", "UserIdentity", "x")]
    + [{"type": name} for name in ("user_identity", "managed", "ManagedIdentity")]
    + [{"type": "managed_identity", name: "x"} for name in ("client_id", "msi_resource_id")]
    + [None],
    "queue_settings": [{"job_tier": "Spot"}, {"job_tier": "spot", "priority": "High"}, {}, None]
    + [{"job_tier": "Standard", "priority": "low"}, {"job_tier": "x"}],
    "outputs": [{}, None, {"best_model": {"type": "mlflow_model"}}, {"best_model": None}]
    + [{"best_model": {"type": kind}} for kind in ("MLFlow_Model", "uri_folder", "custom_model")]
    + [{"best_model": {}}, {"best_model": {"type": "mlflow_model", "path": "azureml://a/b"}}]
    + [{"best_model": {"type": "mlflow_model", "mode": mode}} for mode in ("upload", "rw_mount")]
    + [{"best_model": {"type": "mlflow_model", "mode": mode}} for mode in ("ReadWriteMount", "x")]
    + [{"best_model": "x"}, {"other": {"type": "mlflow_model"}}]
    + [{"best_model": {"type": "mlflow_model", "name": "m", "version": "1"}}],
    "services": [{}, None, {"x": {"type": "ssh"}}, {"x": {"job_service_type": "ssh"}}, {"x": 5}],
    "validation_data_size": [0.1, "0.2", 0.999, 1, 0, 1.5, 20, None, True],
    "training_data": [{"type": "mltable"}],
    "validation_data": [_TRAIN, None, {"type": "mltable"}]
    + [{"type": "mltable", "path": "azureml:mapped:1"}],
    "test_data": [_TRAIN, None],
    "limits": [{"exit_score": 0.9}],
    "seed": [5],
    "foo": [1],
}
_DATA: dict[str, list[Any]] = {
    "type": ["MLTable", "mlTable", "uri_folder", "uri_file", None],
    "path": ["./data", "data/", "file://{folder}/data", "{folder}/data", "azureml:data"]
    + ["azureml:./data", "azureml:mapped:1", "azureml:mapped@latest", "azureml:fridge:1"]
    + ["azureml://datastores/here/paths/x", "azureml:azureml://datastores/here/paths/x"]
    + ["azureml://datastores/elsewhere/paths/x", "azureml:fridge@latest", "azureml:fridge"]
    + ["azureml://registries/azureml/data/fridge/versions/1", "https://x.net/train"]
    + ["wasbs://c@a.blob.core.windows.net/t", "abfss://c@a.dfs.core.windows.net/t", None]
    + ["azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/here/paths/x"]
    + ["azureml://registries/azureml/data/mapped/versions/1", "adl://a.azuredatalakestore.net/t"]
    + ["https://a.blob.core.windows.net/c/train"],
    "mode": ["direct", "Direct", "DIRECT", "ro_mount", "ReadOnlyMount", "RoMount", "eval_mount"]
    + ["download", "upload", "eval_download", "rw_mount", None],
    "description": ["x"],
    "version": ["1"],
    "datastore": ["x"],
}
_LIMIT_VALUES = [1, "3", 2.7, True, None, "x", 0, -1]
_LIMITS: dict[str, list[Any]] = {
    "max_trials": [*_LIMIT_VALUES, 5000],
    "max_concurrent_trials": [*_LIMIT_VALUES, 101],
    "timeout_minutes": [*_LIMIT_VALUES, 86_400, 86_401],
    "trial_timeout_minutes": [5],
    "enable_early_termination": [True],
    "max_nodes": [5],
    "exit_score": [0.9],
}
_MODELS = ["mobilenetv2", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnest50"]
_MODELS += ["resnest101", "seresnext", "vits16r224", "vitb16r224", "vitl16r224"]
_COUNT: list[Any] = [1, 3, "4", 2.5, True, None, 0, -1, "x"]
_SHARE: list[Any] = [0.1, 0.9, "0.5", 1, 0, 1.5, -0.1, None, "x"]
_FLAG: list[Any] = [True, False, "true", "False", "yes", "no", 1, 0, None, "maybe", 2]
_SIDE: list[Any] = [224, "256", 256.5, 0, None]
_TRAINING: dict[str, list[Any]] = {
    "model_name": [*_MODELS, "ResNet18", "google/vit-base-patch16-224", "any/text", "yolov5", ""]
    + ["microsoft/beit-base-patch16-224-pt22k-ft22k", "facebook/deit-base-patch16-224"]
    + ["timm/resnet18.a1_in1k", "microsoft/resnet-50", "fasterrcnn_resnet50_fpn"]
    + ["microsoft/swinv2-base-patch4-window12-192-22k", "somebody/foo"],
    "number_of_epochs": _COUNT,
    "training_batch_size": _COUNT,
    "validation_batch_size": _COUNT,
    "gradient_accumulation_step": _COUNT,
    "early_stopping_patience": _COUNT,
    "early_stopping_delay": [*_COUNT[:7], -1],
    "evaluation_frequency": _COUNT,
    "step_lr_step_size": _COUNT,
    "checkpoint_frequency": [0, 1, "2", None, -1],
    "layers_to_freeze": [0, 2, "2", 1.2, -1, None],
    "number_of_workers": [0, 4, "4", 4.5, None],
    "random_seed": [5, "5", 5.5, None, -1],
    "warmup_cosine_lr_warmup_epochs": [0, 2, 1.5, -1, None],
    "warmup_cosine_lr_cycles": [0.45, "0.5", 2, None],
    "learning_rate": [0.01, "0.01", 1, "1e-3", "x", None, True, 5, -1],
    "weight_decay": _SHARE,
    "momentum": _SHARE,
    "beta1": _SHARE,
    "beta2": _SHARE,
    "step_lr_gamma": _SHARE,
    "nesterov": _FLAG,
    "ams_gradient": _FLAG,
    "early_stopping": _FLAG,
    "distributed": _FLAG,
    "enable_onnx_normalization": _FLAG,
    "learning_rate_scheduler": ["step", "Step", "warmup_cosine", "WarmupCosine", "warmupCosine"]
    + ["none", "None", "linear", None],
    "optimizer": ["sgd", "SGD", "adam", "Adam", "adamw", "AdamW", "none", "None", "rmsprop", None],
    "weighted_loss": [0, 1, 2, "1", 1.0, True, None, 3, 7],
    "training_crop_size": _SIDE,
    "validation_crop_size": [224, "224", 0, None],
    "validation_resize_size": [288, "288", 288.5, 0, None, 100, 200],
    "precision": ["fp32"],
    "advanced_settings": ["{}", None, {}, '{"stream_image_files": true}'],
    "checkpoint_run_id": ["x", None],
    "augmentations": ["x"],
    "split_ratio": [0.2],
    "box_score_threshold": [0.3],
    "foo": [1],
}


def _choice(*values: Any) -> dict[str, Any]:
    return {"type": "choice", "values": list(values)}


def _between(kind: str, low: Any, high: Any, **more: Any) -> dict[str, Any]:
    return {"type": kind, "min_value": low, "max_value": high, **more}


_SPACE: dict[str, list[Any]] = {
    "learning_rate": [_between("uniform", 0.001, 0.01), _between("Uniform", 0.001, 0.01), 0.01]
    + [_between("loguniform", -6, -2), _between("LogUniform", -6, -2), "0.01", _choice(0.1, "0.01")]
    + [_between("uniform", "0.001", "0.01"), _between("quniform", 0.001, 0.01, q=0.001)]
    + [_between("qloguniform", -6, -2, q=0.001), {"type": "normal", "mu": 0.1, "sigma": 0.01}]
    + [{"type": "lognormal", "mu": -4, "sigma": 0.1}, {"type": "qnormal", "mu": 0.1, "sigma": 0.01}]
    + [_between("uniform", 0, 5), _between("uniform", 0.1, 0.01), "uniform(0.001,0.01)", True]
    + [{"type": "normal", "mu": 0.1, "sigma": sigma} for sigma in (0, -1)]
    + [_choice(), {"type": "choice"}, {"type": "x"}, _between("loguniform", 0.001, 0.1)],
    "momentum": [_between("uniform", 0.8, 0.99), _choice(0.9, 0.95), 0.9, _choice("0.9")],
    "weight_decay": [_between("loguniform", -9, -5), _choice(0.0001, 0.001)],
    "number_of_epochs": [_choice(5, 10), _choice("5", "10"), _choice(5.5), 5, "5"]
    + [_between("quniform", 5, 10, q=5), {"type": "randint", "upper": 5}, "choice(5,10)"]
    + [_between("quniform", 5.0, 10.0, q=1.0)],
    "training_batch_size": [_choice(8, 16), _between("quniform", 8, 32, q=8), 8],
    "layers_to_freeze": [{"type": "randint", "upper": 3}, _choice(0, 2)],
    "number_of_workers": [4, _choice(2, 4)],
    "distributed": [True, _choice(True, False)],
    "advanced_settings": ["{}"],
    "checkpoint_frequency": [1, _choice(1, 2)],
    "evaluation_frequency": [1, _choice(1, 2)],
    "optimizer": ["sgd", _choice("sgd", "Adam"), _choice("adamw", "sgd"), "choice('sgd','adam')"],
    "model_name": ["vitb16r224", _choice("vitb16r224", "vits16r224"), _choice("resnet18")]
    + ["choice('resnet18','resnet34')", "microsoft/beit-base-patch16-224-pt22k-ft22k"]
    + [_choice("vitb16r224", "google/vit-base-patch16-224")],
    "nesterov": [True, _choice(True, False)],
    "weighted_loss": [_choice(0, 1, 2), _choice("0", "1"), {"type": "randint", "upper": 3}, 1],
    "learning_rate_scheduler": [_choice("warmup_cosine", "step"), _choice("WarmupCosine", "Step")],
    "random_seed": [{"type": "randint", "upper": 9}, 5],
    "training_crop_size": [_choice(224, 256)],
    "validation_resize_size": [_choice(256, 288)],
    "foo": [1],
}
_SPACES = [None, [], [{}], {"learning_rate": 0.1}, "x", [{"model_name": "resnet18"}, {"foo": 1}]]
_SPACES += [[{"model_name": "resnet18", "learning_rate": _between("uniform", 0.001, 0.01)}]]
_SAMPLING = ["Random", "GRID", "Bayesian", "random", "grid", None, "sobol", {"type": "random"}]
_SAMPLING += [{"type": "random", "seed": 3}, {"type": "Random", "rule": "Sobol"}]
_SAMPLING += [{"type": "random", "logbase": "e"}, {"type": "random", "logbase": 2}]
_NUMBERS = [1, "2", 1.5, None, -1]
_POLICIES = (
    [{}, None, {"type": "bandit"}, {"type": "Bandit", "slack_factor": 0.1}, {"type": "asha"}]
    + [{"type": "bandit", "slack_factor": value} for value in (0.1, "0.1", True, -0.2, None)]
    + [{"type": "bandit", "slack_amount": value} for value in (0.1, None, "x")]
    + [{"type": "bandit", "evaluation_interval": value} for value in _NUMBERS]
    + [{"type": "bandit", "delay_evaluation": value} for value in _NUMBERS]
    + [{"type": name} for name in ("median_stopping", "MedianStopping", "medianStopping")]
    + [{"type": "Median_Stopping"}, {"type": "median_stopping", "evaluation_interval": None}]
    + [{"type": "Truncation_Selection", "truncation_percentage": 20}]
    + [{"type": "truncation_selection", "truncation_percentage": v} for v in (20, "20", 20.5, None)]
    + [{"type": "truncation_selection", "truncation_percentage": value} for value in (0, 99, 100)]
    + [{"type": "TruncationSelection", "truncation_percentage": 20}]
    + [{"type": "truncation_selection", "truncation_percentage": 20, "exclude_finished_jobs": True}]
)
_TEXT = yaml.safe_dump(_JOB, sort_keys=False)
_ANCHORED = _TEXT.replace("training_data:", "training_data: &t")
_TEXTS = {
    "merge with an override": f"{_ANCHORED}validation_data:\n  <<: *t\n  path: ./data\n",
    "merge of a list": f"{_ANCHORED}validation_data:\n  <<: [*t]\n  path: ./data\n",
    "anchor": f"{_ANCHORED}validation_data: *t\n",
    "a key twice": f"{_TEXT}compute: x\n",
    "a key of a section twice": f"{_TEXT}tags:\n  a: b\n  a: c\n",
    "tab": f"{_TEXT}tags:\n\ta: b\n",
    "start of a document": f"---\n{_TEXT}",
    "end of a document": f"{_TEXT}...\n",
    "two documents": f"{_TEXT}---\nx: 1\n",
    "tagged text": f"{_TEXT}tags: {{a: !!str 5}}\n",
    "date": f"{_TEXT}tags: {{a: 2024-01-01}}\n",
    "yes": f"{_TEXT}training_parameters: {{nesterov: yes}}\n",
    "off": f"{_TEXT}training_parameters: {{early_stopping: off}}\n",
    "exponent": f"{_TEXT}training_parameters: {{learning_rate: 1e-3}}\n",
    "underscore in a number": f"{_TEXT}training_parameters: {{number_of_epochs: 1_0}}\n",
    "schema": f"$schema: https://azuremlschemas.azureedge.net/latest/autoMLJob.schema.json\n{_TEXT}",
    "schema of elsewhere": f"$schema: http://x.net/y.json\n{_TEXT}",
    "carriage returns": _TEXT.replace("\n", "\r\n"),
    "nothing": "",
    "a list": "- a\n",
    "no YAML": "a: [\n",
}
_STEP = {key: value for key, value in _JOB.items() if key not in ("compute", "experiment_name")}
_INPUT = {**_STEP, "training_data": "${{parent.inputs.train}}"}
_BEST = {"best_model": {"type": "mlflow_model"}}
_PIPELINES: dict[str, Any] = {
    "input": {"inputs": {"train": _TRAIN}, "jobs": {"n": {**_INPUT, "outputs": _BEST}}},
    "settings": {
        "inputs": {"train": _TRAIN},
        "jobs": {"n": _INPUT},
        "settings": {"default_compute": "azureml:c"},
    },
    "literal": {"jobs": {"n": _STEP}},
    "no such input": {"inputs": {}, "jobs": {"n": _INPUT}},
}


_PLAIN = {key: value for key, value in _JOB.items() if key not in ("primary_metric", "limits")}
_SIZES = {
    "a side that the network does not have": {"validation_crop_size": 256},
    "another side that it does not have": {"training_crop_size": 128},
}
_JOBS: dict[str, dict[str, Any]] = {
    **{
        f"job: {task} without a metric": {**_PLAIN, "task": task, "limits": _JOB["limits"]}
        for task in ("image_classification_multilabel", "image_object_detection")
        + ("image_instance_segmentation",)
    },
    "job: several labels, iou": {
        **_JOB,
        "task": "image_classification_multilabel",
        "primary_metric": "iou",
    },
    "job: several labels, a sweep": {
        **_PLAIN,
        "task": "image_classification_multilabel",
        "search_space": _ONE,
        "sweep": _SWEEP,
    },
    "job: boxes, nothing else": {**_PLAIN, "task": "image_object_detection"},
    "job: boxes, with their metric": {
        **_JOB,
        "task": "image_object_detection",
        "primary_metric": "mean_average_precision",
    },
    "job: masks, nothing else": {**_PLAIN, "task": "image_instance_segmentation"},
    **{
        f"job: {name}": {**_JOB, "training_parameters": {"model_name": "vits16r224", **sizes}}
        for name, sizes in _SIZES.items()
    },
    "job: a crop larger than the picture": {
        **_JOB,
        "training_parameters": {"validation_resize_size": 224, "validation_crop_size": 256},
    },
    "job: a sweep without a space": {**_JOB, "sweep": _SWEEP},
    "job: a sweep without a space and limits": {**_PLAIN, "sweep": _SWEEP},
    "job: randint in a grid": {
        **_JOB,
        "search_space": [{"number_of_epochs": {"type": "randint", "upper": 5}}],
        "sweep": {"sampling_algorithm": "grid"},
    },
    "job: as the SDK writes it": {
        **_JOB,
        "name": "n",
        "display_name": "n",
        "id": "azureml:x",
        "status": "Completed",
        "creation_context": {"created_by": "x"},
        "properties": {},
        "tags": {},
        "outputs": {},
    },
}


def variants() -> dict[str, str]:
    """Job files by a name that says what is changed; `{folder}` stands for their folder."""
    files = {"plain": _TEXT}
    for name, job in _changed():
        files[name] = yaml.safe_dump(job, sort_keys=False)
    return files | {f"text: {name}": text for name, text in _TEXTS.items()}


def _changed() -> Iterator[tuple[str, dict[str, Any]]]:
    for key in _JOB:
        yield f"no {key}", {name: value for name, value in _JOB.items() if name != key}
    for key, value in _each(_TOP):
        yield f"{key}: {_flow(value)}", {**_JOB, key: value}
    for name, content in _PIPELINES.items():
        yield f"pipeline: {name}", {"type": "pipeline", **content}
    yield from _changed_sections()
    yield from _changed_spaces()
    yield from _changed_sweeps()
    yield from _JOBS.items()


def _changed_sections() -> Iterator[tuple[str, dict[str, Any]]]:
    sections = {"training_data": _DATA, "limits": _LIMITS, "training_parameters": _TRAINING}
    for section, values in sections.items():
        before: Any = _JOB.get(section, {})
        for key, value in _each(values):
            yield f"{section}.{key}: {_flow(value)}", {**_JOB, section: {**before, key: value}}
        for value in ({}, None, "x"):
            yield f"{section}: {_flow(value)}", {**_JOB, section: value}


def _changed_spaces() -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in _each(_SPACE):
        yield f"search_space.{key}: {_flow(value)}", _searched([{key: value}], _SWEEP)
    for value in _SPACES:
        yield f"search_space: {_flow(value)}", _searched(value, _SWEEP)
    uniform, normal = _between("uniform", 0.001, 0.01), {"type": "normal", "mu": 0.1, "sigma": 0.01}
    for sampling in ("grid", "bayesian"):
        for value in (uniform, normal):
            sweep = {"sampling_algorithm": sampling}
            yield f"{sampling}: {_flow(value)}", _searched([{"learning_rate": value}], sweep)


def _changed_sweeps() -> Iterator[tuple[str, dict[str, Any]]]:
    for value in _SAMPLING:
        yield f"sampling: {_flow(value)}", _searched(_ONE, {"sampling_algorithm": value})
    for value in _POLICIES:
        sweep = {"sampling_algorithm": "random", "early_termination": value}
        yield f"policy: {_flow(value)}", _searched(_ONE, sweep)
    for value in (None, {}, {**_SWEEP, "foo": 1}, {**_SWEEP, "limits": {"max_trials": 3}}):
        yield f"sweep: {_flow(value)}", _searched(_ONE, value)
    job = _searched(_ONE, {"sampling_algorithm": "random", "limits": {"max_trials": 3}})
    yield "limits in the sweep only", {key: job[key] for key in job if key != "limits"}


def _searched(space: Any, sweep: Any) -> dict[str, Any]:
    return {**_JOB, "search_space": space, "sweep": sweep}


def _each(values: dict[str, list[Any]]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, each in values.items() for value in each)


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
