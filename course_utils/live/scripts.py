"""The widgets' scripts, which share modules: each is sent to the browser as one."""

import re
from pathlib import Path

WEB = Path(__file__).parent / "web"

_IMPORT = re.compile(r"^import \{[^}]*\} from \"\./([\w.]+)\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def bundle(name: str, folder: Path = WEB) -> str:
    """The module `name` of `folder` behind all that it imports, as one script.

    Enough for modules that import each other's names as they are (``import { add } from
    "./dom.js";``), and whose own names differ. Raises ValueError for any other kind of import.
    """
    parts: list[str] = []
    seen: set[str] = set()

    def put(module: str) -> None:
        if module in seen:
            return
        seen.add(module)
        source = (folder / module).read_text(encoding="utf-8")
        needed = _IMPORT.findall(source)
        source = _IMPORT.sub("", source)
        if other := re.search(r"^import .*", source, re.MULTILINE):
            raise ValueError(
                f"{module} must import names of modules beside it, as in "
                f'import {{ add }} from "./dom.js"; got {other[0]}'
            )
        for one in needed:
            put(one)
        parts.append(source if module == name else _EXPORT.sub("", source))

    put(name)
    return "\n".join(parts)
