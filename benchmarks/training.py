"""How close training comes to the speed of the hardware, and what it gains over timm's script.

`python -m benchmarks.training [--quick] [--one-thread] [MODEL …]`. Short rounds in turns, medians
of the ratios: other work on the machine comes and goes. 160 px on a CPU, 224 px on a GPU. With
`--one-thread` the threads of a busy machine do not wait for each other.

ceiling: the same model stepping on one random batch in memory, in the same precision.
timm: its own loader and transforms on the same files, as its train script sets them up.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from PIL import Image
from timm.data import create_dataset, create_loader

from automl.dataset import manifest
from automl.host.cores import usable_cores
from automl.jobs.compatibility import resolve
from automl.jobs.data_source import DataSource
from automl.jobs.hyperparameters import Hyperparameters
from automl.jobs.job import Job
from automl.training import resume_state, trial_data
from automl.training.batches import TrainBatch, scored_batches
from automl.training.process_state import ProcessState
from automl.training.trial_data import TrialData, opened
from automl.training.trial_training import Placement, TrialTraining
from benchmarks.figures import Figures
from benchmarks.training_steps import endless, steps

_EPOCH_IMAGES = 1_000
_STEPS = 2
"""Batches of one round."""

_CPU_MODELS = {"resnet18": 0.95, "mobilenetv3_small_100": 0.95}
_GPU_MODELS = {"resnet50": 0.95, "mobilenetv2_100": 0.90, "resnet18": 0.90}


def main(arguments: list[str]) -> None:
    is_quick = "--quick" in arguments
    measured = Figures()
    has_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if has_gpu else "cpu")
    placement = Placement(device, 1 if "--one-thread" in arguments else usable_cores())
    side, batch_size = (224, 128) if has_gpu else (160, 16 if is_quick else 32)
    count = batch_size * (16 if is_quick else 80 if has_gpu else 32)
    num_rounds = 5 if is_quick else 15
    targets = _GPU_MODELS if has_gpu else _CPU_MODELS
    chosen = [name for name in arguments if name in targets] or list(targets)
    print(f"{placement.num_threads} threads, {'GPU' if has_gpu else 'no GPU'}, {side} px")
    with tempfile.TemporaryDirectory(prefix="automl-benchmark-") as place:
        folder = Path(place)
        os.environ["AUTOML_HOME"] = str(folder / "home")
        write_photos(folder / "photos", count)
        for name in chosen:
            asked = settings(name, side, batch_size)
            data = decoded(folder / "photos", asked)
            training = TrialTraining(asked, data, placement)
            loop(training, name, targets[name], num_rounds, measured)
            against_timm(training, folder / "photos", name, measured)
            evaluation(training, name, num_rounds, measured)
            saving(training, folder, name, measured)
        reuse(folder / "photos", placement, measured)
    measured.print_last_line()


def settings(name: str, side: int, batch_size: int) -> Hyperparameters:
    return resolve(
        {
            "model_name": name,
            "pretrained": "never",
            "training_crop_size": side,
            "training_batch_size": batch_size,
            "validation_batch_size": batch_size,
            "optimizer": "adamw",
        }
    )


def decoded(photos: Path, asked: Hyperparameters) -> TrialData:
    job = Job(training_data=DataSource(path=photos), validation_data_size=0.5)
    (data,) = trial_data.prepare(manifest.build(job), [asked], progress=lambda *_: None).values()
    return data


def loop(
    training: TrialTraining, name: str, target: float, num_rounds: int, measured: Figures
) -> None:
    """The loop from the pixel cache against the ceiling, a few batches of each in turns."""
    batches = endless(training)
    first = next(batches)
    random = TrainBatch(torch.rand_like(first.pixels), first.labels)
    training_steps = partial(steps, training, batches, _STEPS)
    ceiling_steps = partial(steps, training, iter(lambda: random, None), _STEPS)
    training_steps(), ceiling_steps()
    rounds = [(seconds(training_steps), seconds(ceiling_steps)) for _ in range(num_rounds)]
    pictures = _STEPS * len(first.labels)
    measured.add(f"{name}_images_per_second", pictures / statistics.median(a for a, _ in rounds))
    measured.add(
        f"{name}_ceiling_images_per_second", pictures / statistics.median(b for _, b in rounds)
    )
    ratio = statistics.median(ceiling / whole for whole, ceiling in rounds)
    measured.add(f"{name}_loop_to_ceiling", ratio, at_least=target)


def against_timm(training: TrialTraining, photos: Path, name: str, measured: Figures) -> None:
    """The same steps fed by timm's loader, with PIL and its train script's transforms."""
    asked = training.hyperparameters
    loader = create_loader(
        create_dataset("", str(photos)),
        input_size=(3, asked.training_crop_size, asked.training_crop_size),
        batch_size=training.learner.batch_size,
        is_training=True,
        scale=(asked.crop_scale_min, 1.0),
        color_jitter=asked.colour_jitter,
        interpolation="bilinear",
        num_workers=usable_cores(),
        use_prefetcher=False,
        persistent_workers=True,
        device=training.placement.device,
    )
    batches = timm_batches(loader, training)
    next(batches)  # its worker processes have started
    ours_from = endless(training)
    ratios = []
    for _ in range(3):
        theirs = seconds(partial(steps, training, batches, _STEPS))
        ours = seconds(partial(steps, training, ours_from, _STEPS))
        ratios.append(theirs / ours)
    measured.add(f"{name}_times_faster_than_timm_script", statistics.median(ratios))
    batches.close()


def timm_batches(loader: Any, training: TrialTraining) -> Iterator[TrainBatch]:
    device = training.placement.device
    while True:
        for pixels, labels in loader:
            pixels = pixels.to(device).contiguous(memory_format=torch.channels_last)
            yield TrainBatch(pixels, labels.to(device))


def evaluation(training: TrialTraining, name: str, num_rounds: int, measured: Figures) -> None:
    """A whole evaluation, metrics and all, against forward passes on random pixels.

    Both in fp32, in which every evaluation is done.
    """
    pictures = opened(training.data.validation.pictures)
    side = training.hyperparameters.validation_crop_size
    size = training.hyperparameters.validation_batch_size
    device = training.placement.device
    shapes = [
        torch.rand_like(pixels)
        for pixels in scored_batches(pictures, side, batch_size=size, device=device)
    ]

    def forward() -> None:
        training.learner.network.eval()
        with torch.inference_mode():
            for pixels in shapes:
                training.learner.network(pixels)
        if device.type == "cuda":
            torch.cuda.synchronize()

    forward(), training.evaluate()
    ratios = [seconds(forward) / seconds(training.evaluate) for _ in range(num_rounds)]
    measured.add(f"{name}_forward_to_evaluation", statistics.median(ratios), at_least=0.9)


def saving(training: TrialTraining, folder: Path, name: str, measured: Figures) -> None:
    """The state in memory and on disk, and the best model, against an epoch of 1,000 pictures."""
    predictions = training.predict()
    target = folder / f"checkpoint-{name}"
    target.mkdir()

    def save() -> None:
        training.good = training.learner.state()
        state = training.state()
        resume_state.save(target, state.tensors, state.values)
        training.save_scored_model(target, predictions)

    save()
    batches = endless(training)
    shares = []
    for _ in range(3):
        taken = seconds(partial(steps, training, batches, _STEPS))
        epoch = taken / (_STEPS * training.learner.batch_size) * _EPOCH_IMAGES
        shares.append(seconds(save) / epoch)
    measured.add(f"{name}_checkpoint_share_of_epoch", statistics.median(shares), at_most=0.03)


def reuse(photos: Path, placement: Placement, measured: Figures) -> None:
    """Memory of one process after thirty different trials against that after three."""
    models = ("test_resnet", "test_vit", "test_convnext", "test_efficientnet", "test_mambaout")
    sizes = []
    for number in range(30):
        name = models[number % len(models)]
        asked = settings(name, 160, 8 + number % 3 * 4)
        found = ProcessState.take()
        TrialTraining(asked, decoded(photos, asked), placement).advance()
        found.put_back()
        sizes.append(psutil.Process().memory_info().rss)
    measured.add("memory_after_30_trials_to_3", sizes[-1] / sizes[2], at_most=1.15)


def seconds(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    started = clock()
    action()
    return clock() - started


def write_photos(folder: Path, count: int) -> None:
    """JPEGs of 500 x 375 pixels, as detailed as photos."""
    rng = np.random.default_rng(0)
    for index in range(count):
        path = folder / ("first" if index % 2 else "second") / f"{index}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse = rng.integers(0, 255, size=(24, 32, 3), dtype=np.uint8)
        image = Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC)
        noise = rng.normal(0, 6, size=(375, 500, 3))
        Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8)).save(
            path, quality=90
        )


if __name__ == "__main__":
    main(sys.argv[1:])
