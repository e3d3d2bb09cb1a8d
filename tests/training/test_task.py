import numpy as np
import pytest
import torch

from automl.jobs.hyperparameters import Hyperparameters
from automl.training.recipe import Recipe
from automl.training.task import LabelSets, SingleLabel, task_for


def task(*counts: int, **settings: object) -> SingleLabel:
    return SingleLabel(Recipe.read(Hyperparameters(**settings)), np.array(counts))  # type: ignore[arg-type]


@pytest.mark.parametrize(("key", "is_blend"), [("mixup", True), ("cutmix", False)])
def test_mixing_changes_pixels_and_targets_by_the_same_share(key: str, is_blend: bool) -> None:
    torch.manual_seed(3)
    mixing = task(1, 1, **{key: 1.0})
    pixels = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 32, 32).contiguous()
    mixed, targets = mixing.mix(pixels, torch.tensor([0, 1]))
    assert targets.sum(dim=1).tolist() == pytest.approx([1, 1])
    assert mixed.mean(dim=(1, 2, 3)).tolist() == pytest.approx(targets[:, 1].tolist(), abs=1e-5)
    assert (len(mixed[0].unique()) == 1) == is_blend
    assert 0 < targets[0, 1] < 1


def test_without_mixing_labels_stay_labels() -> None:
    labels = torch.tensor([0, 1])
    assert task(1, 1).mix(torch.rand(2, 3, 4, 4), labels)[1] is labels


def test_rare_classes_weigh_more_with_weighted_loss() -> None:
    def weights(mode: int) -> list[float]:
        return task(30, 10, weighted_loss=mode).loss.weight.tolist()  # type: ignore[union-attr]

    assert weights(2) == pytest.approx([40 / 60, 2.0])
    assert weights(1) == pytest.approx([(40 / 60) ** 0.5, 2.0**0.5])


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("mixup", [0.0, 0.5])
@pytest.mark.parametrize("weighted_loss", [0, 1, 2])
def test_the_mean_loss_is_that_of_torch(
    weighted_loss: int, label_smoothing: float, mixup: float
) -> None:
    torch.manual_seed(0)
    ours = task(
        30, 10, 5, weighted_loss=weighted_loss, label_smoothing=label_smoothing, mixup=mixup
    )
    logits = torch.randn(8, 3)
    _, targets = ours.mix(torch.rand(8, 3, 4, 4), torch.arange(8) % 3)
    theirs = torch.nn.CrossEntropyLoss(ours.loss.weight, label_smoothing=label_smoothing)
    mean = ours.loss_sum(logits, targets) / ours.weight_sum(targets)
    assert float(mean) == pytest.approx(float(theirs(logits, targets)), rel=1e-5)


def sets_task(frequencies: list[float], **settings: object) -> LabelSets:
    return LabelSets(Recipe.read(Hyperparameters(**settings)), np.array(frequencies))  # type: ignore[arg-type]


def test_the_loss_of_label_sets_is_the_mean_binary_cross_entropy() -> None:
    torch.manual_seed(0)
    ours, logits = sets_task([0.5, 0.1, 0.0]), torch.randn(8, 3)
    _, targets = ours.mix(torch.rand(8, 3, 4, 4), torch.rand(8, 3) < 0.5)
    mean = ours.loss_sum(logits, targets) / ours.weight_sum(targets)
    assert float(mean) == pytest.approx(float(torch.nn.BCEWithLogitsLoss()(logits, targets)))
    probabilities = ours.probabilities(logits).numpy()
    assert ours.mean_loss(probabilities, targets.bool().numpy()) == pytest.approx(float(mean))


def test_the_asymmetric_loss_is_that_of_its_formula() -> None:
    torch.manual_seed(0)
    given = {"asymmetric_loss_gamma_positive": 1, "asymmetric_loss_gamma_negative": 2}
    ours = sets_task([0.5] * 3, loss="asymmetric", asymmetric_loss_margin=0.2, **given)
    logits, targets = 2 * torch.randn(8, 3), (torch.rand(8, 3) < 0.5).float()
    p = logits.sigmoid()
    shifted = (p - 0.2).clamp_min(0)
    there, absent = (1 - p) * p.log(), shifted**2 * (1 - shifted).log()
    expected = -(targets * there + (1 - targets) * absent).mean(dim=1).sum()
    torch.testing.assert_close(ours.loss_sum(logits, targets), expected)


def test_without_its_powers_and_margin_the_asymmetric_loss_is_binary_cross_entropy() -> None:
    torch.manual_seed(0)
    gammas = {f"asymmetric_loss_gamma_{side}": 0 for side in ("positive", "negative")}
    for extra in ({}, {"weighted_loss": 2, "label_smoothing": 0.1}):
        plain = sets_task([0.5, 0.1], **extra)
        ours = sets_task([0.5, 0.1], loss="asymmetric", asymmetric_loss_margin=0, **gammas, **extra)
        logits, targets = torch.randn(8, 2), (torch.rand(8, 2) < 0.5).float()
        torch.testing.assert_close(
            ours.loss_sum(logits, targets), plain.loss_sum(logits, targets), rtol=1e-4, atol=1e-5
        )


def test_the_asymmetric_loss_stays_finite_where_a_model_is_sure_and_wrong() -> None:
    given = {"asymmetric_loss_gamma_positive": 0.5, "asymmetric_loss_gamma_negative": 0.5}
    ours = sets_task([0.5], loss="asymmetric", asymmetric_loss_margin=0, **given)
    logits = torch.tensor([[200.0], [-200.0]], requires_grad=True)
    ours.loss_sum(logits, torch.tensor([[1.0], [0.0]])).backward()
    assert logits.grad.isfinite().all()  # type: ignore[union-attr]
    ours.loss_sum(logits, torch.tensor([[0.0], [1.0]])).backward()
    assert logits.grad.isfinite().all()  # type: ignore[union-attr]


def test_both_answers_of_a_label_weigh_the_same_with_weighted_loss() -> None:
    frequencies = [0.5, 0.1, 0.0]
    assert sets_task(frequencies).class_weights() == "equal"
    assert sets_task(frequencies, weighted_loss=2).class_weights() == pytest.approx([1, 5, 1])
    assert sets_task(frequencies, weighted_loss=1).class_weights()[1] == pytest.approx(5**0.5, 1e-3)
    weighted = sets_task([0.1], weighted_loss=2)
    present, absent = weighted.loss.present, weighted.loss.absent
    assert float(0.1 * present) == pytest.approx(float(0.9 * absent))


@pytest.mark.parametrize("key", ["mixup", "cutmix"])
def test_mixed_label_sets_have_shares_of_their_labels(key: str) -> None:
    torch.manual_seed(3)
    pixels = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 32, 32).contiguous()
    labels = torch.tensor([[True, False, True], [False, False, True]])
    mixed, targets = sets_task([0.5] * 3, **{key: 1.0}).mix(pixels, labels)
    assert targets[:, 2].tolist() == pytest.approx([1, 1])
    assert targets[:, 1].tolist() == [0, 0]
    assert (1 - mixed.mean(dim=(1, 2, 3))).tolist() == pytest.approx(
        targets[:, 0].tolist(), abs=1e-5
    )


def test_the_task_follows_from_the_shape_of_the_labels() -> None:
    recipe = Recipe.read(Hyperparameters())
    assert isinstance(task_for(recipe, np.array([0, 1]), 2), SingleLabel)
    assert isinstance(task_for(recipe, np.ones((4, 2), bool), 2), LabelSets)
