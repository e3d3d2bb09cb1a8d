"""What has become of pictures since they were checked."""

from collections.abc import Callable

import pandas as pd

from automl.dataset.scan import scan


def since(samples: pd.DataFrame, *, progress: Callable[[int, int], None] | None = None) -> str:
    """One sentence if a file is another than `samples` says, or gone; else nothing.

    By the hash of the content; only files whose size or time has changed are read again.
    """
    before = samples[samples["problem"].isna()].drop_duplicates("path")
    after = scan(before[["path"]], progress=progress)
    same = after["content_hash"].to_numpy() == before["content_hash"].to_numpy()
    if same.all():
        return ""
    gone = int(after.loc[~same, "content_hash"].isna().sum())
    changed = int((~same).sum()) - gone
    first = before["path"].to_numpy()[~same][0]
    counts = [f"{count} {what}" for count, what in ((changed, "changed"), (gone, "gone")) if count]
    return (
        f"Pictures are not what they were when the search began: {' and '.join(counts)}, the first "
        f"is {first}. Every trial has used them as they were."
    )
