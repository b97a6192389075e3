"""What setup.cfg cannot say: the README as it is shown away from its repository, and the addresses of the project.

The README's links lead to files beside it. On PyPI there are none, so there they lead to the files of the repository.
"""

import configparser
import re
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).resolve().parent
LINK = re.compile(r"""(?P<before>\]\(|\b(?:src|href)=")(?P<path>[\w.][\w./-]*)""")
PICTURES = {".gif", ".png", ".svg"}


def find_url() -> str:
    config = configparser.ConfigParser()
    config.read(HERE / "setup.cfg", encoding="utf-8")
    return config["metadata"]["url"]


def with_whole_links(text: str, url: str) -> str:
    """``text`` with links to files of the repository at ``url`` where it had links to files here."""
    def whole(match: re.Match) -> str:
        path = match["path"]
        if not (HERE / path).exists():  # an address, or a call in an example
            return match[0]
        kind = "raw" if Path(path).suffix in PICTURES else "blob"
        return f"{match['before']}{url}/{kind}/HEAD/{path}"
    return LINK.sub(whole, text)


URL = find_url()
setup(
    long_description=with_whole_links((HERE / "README.md").read_text(encoding="utf-8"), URL),
    long_description_content_type="text/markdown",
    project_urls={
        "Documentation": f"{URL}/tree/HEAD/docs",
        "Changelog": f"{URL}/blob/HEAD/CHANGELOG.md",
        "Issues": f"{URL}/issues",
    },
)
