"""XML of annotation tools, which may come from anywhere."""

from pathlib import Path
from xml.etree import ElementTree

from automl.dataset.readers import text
from automl.errors import DataError


def root(path: Path) -> ElementTree.Element:
    """The outermost element of a file.

    Raises:
        DataError: the file is no XML, or declares entities, which could fill the memory.
    """
    content = text.read(path)
    if "<!DOCTYPE" in content or "<!ENTITY" in content:
        raise DataError(f"{path} declares entities, as no annotation tool does. Export it again.")
    try:
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError) as error:
        raise DataError(f"{path} is not XML ({error}). Export it again.") from None
