"""The OpenAPI as an HTML page that loads nothing from the network."""

import json
from html import escape
from typing import Any

_HEAD = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{title}</title><style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: auto; padding: 1rem; }}
pre {{ padding: .75rem; overflow: auto; border: 1px solid #8884; border-radius: .4rem; }}
h2 {{ font-size: 1.1rem; margin-top: 2rem; }} dt {{ float: left; width: 3.5rem; }}
</style><h1>{title}</h1><p>{description} The same for programs:
<a href="openapi.json">openapi.json</a>.</p>"""
_EXAMPLES = {
    "application/json": """curl -H "Authorization: Bearer KEY" \\
  -H "Content-Type: application/json" \\
  -d '{{"input_data": {{"columns": ["image"], "data": ["'$(base64 -w0 a.jpg)'"]}}}}' {path}""",
    "multipart/form-data": """curl -H "Authorization: Bearer KEY" \\
  -F files=@a.jpg -F files=@b.jpg {path}""",
}


def render(openapi: dict[str, Any]) -> str:
    """Return the page."""
    info = openapi["info"]
    parts = [_HEAD.format(title=escape(info["title"]), description=escape(info["description"]))]
    for path, methods in openapi["paths"].items():
        parts += [_operation(path, method, each) for method, each in methods.items()]
    schemas = openapi.get("components", {}).get("schemas", {})
    parts.append("<h2>Schemas</h2>")
    parts += [
        f"<details><summary>{escape(name)}</summary>{_code(json.dumps(schema, indent=1))}</details>"
        for name, schema in schemas.items()
    ]
    return "\n".join(parts)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    examples = "".join(
        _code(example.format(path=path)) for kind, example in _EXAMPLES.items() if kind in content
    )
    answers = "".join(
        f"<dt>{escape(status)}</dt><dd>{escape(answer['description'])}</dd>"
        for status, answer in operation["responses"].items()
    )
    return (
        f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
        f"<p>{escape(operation.get('description', ''))}</p>{examples}<dl>{answers}</dl>"
    )


def _code(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"
