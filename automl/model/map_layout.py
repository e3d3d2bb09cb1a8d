"""Features in two dimensions: t-SNE on principal components, fitted once and kept.

Van der Maaten and Hinton, Visualizing Data using t-SNE, 2008, as scikit-learn computes it, with
the approximation of Barnes and Hut. It starts from the first two components, so that large
distances mean something and the same pictures always lie in the same places (Kobak and Linderman,
Initialization is critical for preserving global data structure in both t-SNE and UMAP, 2021).
"""

import hashlib
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray

from automl.host import atomic, home
from automl.host.cores import usable_cores

_NUM_COMPONENTS = 50
_PERPLEXITY = 30.0
_NUM_STEPS = 500
_FEWEST = 5
"""Pictures below which the principal components are the map."""


def layout(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Places (N, 2) of pictures with features (N, D), at least two; read if they were kept."""
    key = f"{sklearn.__version__} {hashlib.sha256(features.tobytes()).hexdigest()}"
    path = home.cache_dir("maps") / f"{hashlib.sha256(key.encode()).hexdigest()}.npy"
    try:
        return np.asarray(np.load(path), np.float32)
    except (OSError, ValueError, EOFError):  # missing, or cut off
        found = _fitted(features)
    with atomic.open_binary(path, durable=False) as file:
        np.save(file, found)
    return found


def _fitted(features: NDArray[np.float32]) -> NDArray[np.float32]:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    spread = features.std(axis=0)
    standardised = (features - features.mean(axis=0)) / np.where(spread < 1e-6, 1, spread)
    number = min(_NUM_COMPONENTS, *standardised.shape)
    components: Any = PCA(number, random_state=0).fit_transform(standardised)
    if len(features) < _FEWEST:
        return np.asarray(np.pad(components, ((0, 0), (0, 2)))[:, :2], np.float32)
    perplexity = min(_PERPLEXITY, (len(features) - 1) / 3)
    steps, cores = _NUM_STEPS, usable_cores()
    fit = TSNE(2, init="pca", perplexity=perplexity, max_iter=steps, random_state=0, n_jobs=cores)
    return np.asarray(fit.fit_transform(components), np.float32)
