"""The site: ``python -m sphinx -W --keep-going -n -b html docs build/docs``, with the extra ``docs`` installed."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import autodiff_trace  # noqa: E402, of this checkout

project = "autodiff_trace"
author = "autodiff_trace contributors"
release = version = autodiff_trace.__version__
html_title = f"autodiff_trace {release}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", "sphinx_copybutton"]

myst_heading_anchors = 3

autodoc_typehints = "none"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autosummary_generate = False
napoleon_attr_annotations = False
napoleon_numpy_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
add_module_names = False
toc_object_entries_show_parents = "hide"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

PAGES_OUTSIDE = {
    "../README.md": "index.md", "../ARCHITECTURE.md": "architecture.md", "../CHANGELOG.md": "changelog.md",
    "../CONTRIBUTING.md": "contributing.md",
}
"""Files beside docs/ that pages link to, and the page of the site that has what they say."""


def prepare_page(app, name, source):
    """Links to files of the checkout that are pages of the site point to these; blocks end without the empty line that
    doctests want, and commands without a prompt are no output."""
    text = source[0]
    for file, page in PAGES_OUTSIDE.items():
        folder = "../" * name.count("/")
        text = text.replace(f"]({folder}{file}", f"]({folder}{page}")
    text = re.sub(r"\n\n```$", "\n```", text, flags=re.MULTILINE)
    source[0] = re.sub(r"^```console\n(?!\$ )", "```bash\n", text, flags=re.MULTILINE)


MADE_BY_FUNCTIONS = set("ArrayBox Box Graph Jitted Minibatches Objective Profile Shards Traits".split())
"""Classes that users meet and do not call, so that their signature says nothing."""


def signature_for_users(app, kind, name, thing, options, signature, returned):
    """``**unknown`` stands in signatures to name what is misspelt, and is nothing to pass."""
    if kind == "class" and name.rpartition(".")[2] in MADE_BY_FUNCTIONS:
        return "", None
    return signature and re.sub(r"(, )?\*\*unknown\b", "", signature).replace(", *)", ")"), returned


def hide_attribute(app, kind, name, thing, options, lines):
    """From napoleon, which takes words before a colon, in the first line on an attribute, for a type."""
    if kind in ("attribute", "data", "property"):
        app.attribute_lines = lines[:]
        lines.clear()


def show_attribute(app, kind, name, thing, options, lines):
    """As it was before ``hide_attribute``."""
    if kind in ("attribute", "data", "property"):
        lines[:] = app.attribute_lines


def find_by_last_name(app, env, node, text):
    """What a docstring names by its last name stands in the package itself, or in one other module of the reference."""
    if node.get("refdomain") == "py":
        domain = env.get_domain("py")
        found = [
            name for name, entry in domain.objects.items()
            if name.rpartition(".")[2] == node["reftarget"] and not entry.aliased
        ]
        found = [name for name in found if name == f"autodiff_trace.{node['reftarget']}"] or found
        if len(found) == 1:
            return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", found[0], node, text)


def setup(app):
    app.connect("source-read", prepare_page)
    app.connect("autodoc-process-docstring", hide_attribute, priority=100)
    app.connect("autodoc-process-docstring", show_attribute, priority=900)
    app.connect("missing-reference", find_by_last_name)
    app.connect("autodoc-process-signature", signature_for_users)
