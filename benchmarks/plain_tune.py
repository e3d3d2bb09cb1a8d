"""Search as a good engineer writes it in an hour: a function for Ray Tune, torchvision's readers.

`python -m benchmarks.plain_tune FOLDER NUM_WORKERS`; prints the best accuracy as its last line.
The search is that of `benchmarks.search`: same models, sizes, epochs, precision, concurrency.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

MODELS = ("mobilenetv3_small_050", "mobilenetv3_small_100")  # light, as for 300 pictures on a CPU
SIDE, BATCH, EPOCHS, TRIALS, CONCURRENT = 96, 32, 3, 12, 2
RATES = (0.0003, 0.0005, 0.001, 0.002, 0.003, 0.005)
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def train(config: dict[str, Any]) -> None:
    import timm
    import torch
    from ray import tune
    from torch.utils.data import DataLoader, Subset
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    to_tensor = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
    augment = [
        transforms.RandomResizedCrop(SIDE, scale=(0.35, 1)),
        transforms.ColorJitter(0.2, 0.2),
    ]
    crop = [transforms.Resize(round(SIDE * 256 / 224)), transforms.CenterCrop(SIDE)]
    for_training = ImageFolder(config["folder"], transforms.Compose(augment + to_tensor))
    for_scoring = ImageFolder(config["folder"], transforms.Compose(crop + to_tensor))
    order = torch.randperm(len(for_training), generator=torch.Generator().manual_seed(0)).tolist()
    held_out = len(order) // 5
    workers = config["num_workers"]
    batches = DataLoader(
        Subset(for_training, order[held_out:]), BATCH, shuffle=True, num_workers=workers
    )
    to_score = DataLoader(Subset(for_scoring, order[:held_out]), BATCH, num_workers=workers)

    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = timm.create_model(config["model"], num_classes=len(for_training.classes)).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=config["learning_rate"])
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for _ in range(EPOCHS):
        model.train()
        for pictures, labels in batches:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(pictures.to(device)), labels.to(device))
            loss.backward()
            optimizer.step()
        schedule.step()
        model.eval()
        with torch.inference_mode():
            right = sum(
                int((model(pictures.to(device)).argmax(1).cpu() == labels).sum())
                for pictures, labels in to_score
            )
        tune.report({"accuracy": right / held_out})


def main(folder: str, num_workers: int) -> None:
    os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
    from ray import tune

    storage = tempfile.TemporaryDirectory(prefix="plain-tune-")
    tuner = tune.Tuner(
        tune.with_resources(train, {"cpu": 1}),
        param_space={
            "folder": str(Path(folder).absolute()),
            "num_workers": num_workers,
            "model": tune.grid_search(list(MODELS)),
            "learning_rate": tune.grid_search(list(RATES)),
        },
        tune_config=tune.TuneConfig(max_concurrent_trials=CONCURRENT),
        run_config=tune.RunConfig(verbose=0, storage_path=storage.name),
    )
    best = tuner.fit().get_best_result("accuracy", "max")
    print(best.metrics["accuracy"])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
