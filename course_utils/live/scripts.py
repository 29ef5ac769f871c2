"""Bundle the widgets' scripts: a widget is sent to the browser as one script without imports.

The scripts share modules in the folder `web`, which a widget in a notebook could not import.
"""

import re
from pathlib import Path

WEB = Path(__file__).parent / "web"

_IMPORT = re.compile(r"^import \{[^}]*\} from \"\./([\w.]+)\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def bundle(name: str, folder: Path = WEB) -> str:
    """The module `name` of `folder`, after all the modules that it imports, as one script.

    The modules share one scope, so no two may define the same name, and they may only import names
    unchanged from modules beside them: ``import { add } from "./dom.js";``. Raises ValueError for
    any other kind of import.
    """
    parts: list[str] = []
    seen: set[str] = set()

    def append(module: str) -> None:
        if module in seen:
            return
        seen.add(module)
        source = (folder / module).read_text(encoding="utf-8")
        imported = _IMPORT.findall(source)
        source = _IMPORT.sub("", source)
        if other := re.search(r"^import .*", source, re.MULTILINE):
            raise ValueError(
                f"{module} must import names of modules beside it, as in "
                f'import {{ add }} from "./dom.js"; got {other[0]}'
            )
        for other_module in imported:
            append(other_module)
        parts.append(source if module == name else _EXPORT.sub("", source))

    append(name)
    return "\n".join(parts)
