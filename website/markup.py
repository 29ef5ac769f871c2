"""Markdown, code and formulas of a notebook as HTML that needs no script and no network."""

import re
from typing import Any

from latex2mathml.converter import convert
from nbconvert.filters.ansi import ansi2html
from nbconvert.filters.highlight import Highlight2HTML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from pygments.formatters import HtmlFormatter

LIGHT, DARK = "default", "monokai"  # colors of code, from pygments

COLUMNS = re.compile(r"\S {3,}\S")  # in a line of what was printed

_highlight = Highlight2HTML(pygments_lexer="ipython3")


class _Renderer(IPythonRenderer):
    """Formulas become MathML, which every browser of today draws by itself."""

    def heading(self, text: str, level: int, **_: Any) -> str:
        anchor = re.sub(r"[^\w]+", "-", plain(text)).strip("-")
        return f'<h{level} id="{anchor}">{text}</h{level}>\n'

    def inline_math(self, body: str) -> str:
        return convert(body)

    def block_math(self, body: str) -> str:
        return _wide(convert(body.strip(), display="block"))

    def latex_environment(self, name: str, body: str) -> str:
        return _wide(convert(rf"\begin{{{name}}}{body}\end{{{name}}}", display="block"))

    def block_code(self, code: str, info: str | None = None) -> str:
        return reachable(super().block_code(code, info))

    def table(self, text: str) -> str:
        return f'<div class="wide" tabindex="0"><table>\n{text}</table></div>\n'


def _wide(html: str) -> str:
    """On a narrow screen it is moved sideways, by its own, with the keyboard too."""
    return f'<span class="wide" tabindex="0">{html}</span>'


def text(source: str) -> str:
    """Markdown as HTML."""
    return MarkdownWithMath(renderer=_Renderer(escape=False)).render(source)


def code(source: str) -> str:
    """Python as HTML, in colors."""
    return reachable(str(_highlight(source)))


def reachable(html: str) -> str:
    """Code that can be moved sideways with the keyboard, where it is wider than the screen."""
    return html.replace("<pre>", '<pre tabindex="0">')


def printed(source: str) -> str:
    """What a cell has printed, as HTML. Columns stay columns on a narrow screen; sentences wrap."""
    kind = "printed columned" if COLUMNS.search(source) else "printed"
    return f'<pre class="{kind}" tabindex="0">{ansi2html(source)}</pre>'


def headings(html: str) -> list[tuple[str, str]]:
    """Anchor and words of each heading."""
    found = re.findall(r'<h[1-3] id="([^"]+)">(.*?)</h[1-3]>', html, re.DOTALL)
    return [(anchor, plain(words)) for anchor, words in found]


def plain(html: str) -> str:
    """The words of some HTML, in one line."""
    bare = re.sub(r"<[^>]+>", " ", html)
    return " ".join(bare.split())


def code_colors() -> str:
    """The style sheet of `code`, for light and for dark screens."""
    light = HtmlFormatter(style=LIGHT).get_style_defs(".highlight")
    dark = HtmlFormatter(style=DARK).get_style_defs(".highlight")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
