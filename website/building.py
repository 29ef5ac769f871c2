"""Puts pages, scripts, search, links and downloads together into a folder that works anywhere."""

import json
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from course_utils.live.predict import Question
from course_utils.live.scripts import WEB as LIVE_WEB
from course_utils.live.scripts import bundle
from course_utils.live.view import View
from website import markup
from website.execute import ROOT
from website.page import Page

HERE = Path(__file__).parent
HEAVIEST = 3_000_000  # bytes of a page, and of the file of a panel
GITHUB = re.compile(r"https://github\.com/([\w.-]+/[\w.-]+)")
LINK = re.compile(r'(?<=<a href=")(?!https?:|#)([^"#]+)')


class SiteError(Exception):
    """The site cannot be built; the message says what to mend."""


@dataclass(frozen=True)
class Address:
    """Where the course's repository is, so that a lesson can be opened elsewhere.

    Attributes:
        repository: such as "https://github.com/OWNER/NAME"; empty: no links to Binder and Colab.
        branch: that the links lead to.
    """

    repository: str = ""
    branch: str = "main"

    def __post_init__(self) -> None:
        if self.repository and not GITHUB.fullmatch(self.repository):
            raise SiteError(
                "the repository must be an address such as https://github.com/OWNER/NAME, got "
                f"{self.repository!r}; leave it out for a site without links to Binder and Colab"
            )

    def links(self, path: str) -> list[tuple[str, str]]:
        """Where the notebook at `path` of the repository can be run: names and addresses."""
        if not self.repository:
            return []
        name = self.repository.removeprefix("https://github.com/")
        return [
            ("Binder", f"https://mybinder.org/v2/gh/{name}/{self.branch}?labpath={path}"),
            ("Colab", f"https://colab.research.google.com/github/{name}/blob/{self.branch}/{path}"),
        ]


def build(pages: Sequence[Page], notebooks: Sequence[Path], out: Path, address: Address) -> None:
    """Write the site of `pages`, which were made from `notebooks`, into the folder `out`.

    The old folder is replaced once the new one is whole. Raises SiteError for a page that is too
    heavy, or a link that leads nowhere.
    """
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    exercises = sorted((ROOT / "exercises").glob("*/*.ipynb"))
    _write_downloads(partial / "downloads", [*notebooks, *exercises])
    _write_assets(partial, pages)
    templates = Environment(
        loader=FileSystemLoader(HERE / "template"), autoescape=True, undefined=StrictUndefined
    )
    for number, (page, notebook) in enumerate(zip(pages, notebooks, strict=True)):
        html = templates.get_template("lesson.html").render(
            pages=pages,
            page=page,
            before=pages[number - 1] if number else None,
            after=pages[number + 1] if number + 1 < len(pages) else None,
            download=f"downloads/{notebook.name}",
            links=address.links(f"notebooks/{notebook.name}"),
            body=_relinked("\n".join(page.cells), partial, pages),
            questions=json.dumps(page.questions, ensure_ascii=False).replace("<", r"\u003c"),
        )
        _write(partial / f"{page.name}.html", html)
    index = templates.get_template("index.html").render(pages=pages, page=None)
    _write(partial / "index.html", index)
    shutil.rmtree(out, ignore_errors=True)
    partial.rename(out)


def download_name(notebook: str) -> str:
    """What a notebook is called among the downloads, where lesson and exercise lie side by side."""
    return f"exercise_{Path(notebook).name}" if "exercises/" in notebook else Path(notebook).name


def _write_downloads(folder: Path, notebooks: Iterable[Path]) -> None:
    folder.mkdir()
    for notebook in notebooks:
        shutil.copyfile(notebook, folder / download_name(notebook.as_posix()))


def _write_assets(folder: Path, pages: Sequence[Page]) -> None:
    """Style sheets, scripts, the words to search, pictures, and a file for each panel."""
    styles = [
        (HERE / "web" / "site.css").read_text(encoding="utf-8"),
        markup.code_colors(),
        View._css,
        Question._css,
    ]
    _write(folder / "site.css", "\n".join(styles))
    # Classic scripts: a browser loads no modules from a folder without a server.
    widgets = f"panel: {_widget('view.js')},\nquestion: {_widget('predict.js')},"
    site = bundle("site.js", HERE / "web")
    _write(
        folder / "site.js", f"window.courseWidgets = {{{widgets}}};\n(() => {{\n{site}\n}})();\n"
    )
    sections = [
        {**section, "page": page.name, "lesson": page.title}
        for page in pages
        for section in page.sections
    ]
    _write(folder / "sections.js", f"window.courseSections = {json.dumps(sections)};\n")
    (folder / "files").mkdir()
    for page in pages:
        for name, content in page.files.items():
            (folder / "files" / name).write_bytes(content)
        for cell, panel in page.panels.items():
            name = f"{page.name}/{cell}"
            path = folder / "panels" / f"{name}.js"
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, f"coursePanel({json.dumps(name)}, {json.dumps(panel)});\n")


def _widget(name: str) -> str:
    """A widget's script as an expression: what the module exports."""
    script = bundle(name, LIVE_WEB)
    return f"(() => {{\n{script.replace('export default', 'return', 1)}\n}})()"


def _relinked(html: str, folder: Path, pages: Sequence[Page]) -> str:
    """Links between notebooks lead to pages, to exercises: to the downloads."""
    names = {page.name for page in pages}

    def lead(match: re.Match[str]) -> str:
        path = match[1]
        if Path(path).suffix == ".ipynb":
            if "/" not in path and Path(path).stem in names:
                return f"{Path(path).stem}.html"
            download = f"downloads/{download_name(path)}"
            if (folder / download).is_file():
                return download
            if "/" not in path:  # a lesson that this site leaves out
                return "index.html"
        raise SiteError(f"a lesson links to {path!r}, which the site does not hold")

    return LINK.sub(lead, html)


def _write(path: Path, text: str) -> None:
    data = text.encode("utf-8")
    if len(data) > HEAVIEST:
        raise SiteError(
            f"{path.name} is {len(data):,} bytes, and no page may be over {HEAVIEST:,}; "
            "draw fewer states ahead (MOST in website/ahead.py)"
        )
    path.write_bytes(data)
