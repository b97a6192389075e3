"""The lines of a stub: definitions, with the types that the names of parameters tell."""

from __future__ import annotations

import inspect
import re
import textwrap

from stub_types import NUMBERS, OPERANDS, PARAMETERS, RESULTS


def signature_of(value: object, original: object) -> inspect.Signature | None:
    """What is known of the parameters: by our function, unless it passes all of them on."""
    for each in (value, original):
        try:
            signature = inspect.signature(each)
        except (TypeError, ValueError):
            continue
        kinds = {p.kind for p in signature.parameters.values()}
        if original is None or kinds - {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
            return signature
    return None


def function_text(public: str, signature: inspect.Signature | None, result: str, name: str, first: str = "") -> str:
    """``def``, with the types that the names of parameters tell."""
    if signature is None:
        parameters = ["*args: _t.Value", "**kwargs: _t.Value"]
    else:
        parameters = parameter_texts(signature, name)
    return def_text(public, [first, *parameters] if first else parameters, result)


def parameter_texts(signature: inspect.Signature, name: str) -> list[str]:
    texts, kinds = [], inspect.Parameter
    before = None
    for p in signature.parameters.values():
        if p.name.startswith("_") or p.name == "unknown":
            continue
        if before is kinds.POSITIONAL_ONLY and p.kind is not before:
            texts.append("/")
        if p.kind is kinds.KEYWORD_ONLY and before not in (kinds.KEYWORD_ONLY, kinds.VAR_POSITIONAL):
            texts.append("*")
        stars = {kinds.VAR_POSITIONAL: "*", kinds.VAR_KEYWORD: "**"}.get(p.kind, "")
        text = f"{stars}{p.name}: _t.{type_of(p, name)}"
        texts.append(text if p.default is p.empty else f"{text} = {default_text(p.default)}")
        before = p.kind
    return [*texts, "/"] if before is kinds.POSITIONAL_ONLY else texts


def type_of(p: inspect.Parameter, name: str) -> str:
    """The type of a parameter, by its name and its default; Value where these do not tell."""
    if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
        return "Value"
    if p.name in OPERANDS and p.default is p.empty and "numpy" in name:
        return "Operand"
    if p.name in PARAMETERS and "numpy" in name:
        return PARAMETERS[p.name]
    return "Flag" if isinstance(p.default, bool) and "numpy" in name else "Value"


def default_text(default: object) -> str:
    if type(default) is str:
        return f'"{default}"' if re.fullmatch(r"[\w-]{0,20}", default) else "..."
    return repr(default) if default is None or type(default) in (bool, int) else "..."


def result_of(public: str, name: str) -> str:
    """What a function returns, where that is known before it is called."""
    if name.startswith("scipy"):
        return "_t.Number" if name.endswith(("special", "windows", "distance")) else "_t.Tree"
    result = RESULTS.get(public)
    return f"_t.{result or ('Number' if public in NUMBERS else 'Array')}"


def method_text(public: str, method: object, result: str, name: str) -> str:
    signature = signature_of(method, None)
    if signature is not None:
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])
    return function_text(public, signature, result, name, "self")


KNOWN = frozenset("Any Callable None Sequence bool dict float int list np object str tuple".split())


def own_function_text(public: str, signature: inspect.Signature) -> str:
    """A function with its annotations, where the stub has their names."""
    def text_of(annotation):
        known = isinstance(annotation, str) and set(re.findall(r"[A-Za-z]+", annotation)) <= KNOWN
        return annotation if known else "Any"

    texts = parameter_texts(signature, "ours")
    for i, text in enumerate(texts):
        found = re.match(r"\**(\w+): ", text)
        if found:
            texts[i] = text.replace("_t.Value", text_of(signature.parameters[found[1]].annotation), 1)
    result = text_of(signature.return_annotation)
    return def_text(public, texts, "_t.Number" if result == "Any" else result)


def def_text(public: str, parameters: list[str], result: str) -> str:
    """A definition, on one line or wrapped."""
    line = f"def {public}({', '.join(parameters)}) -> {result}: ..."
    if len(line) < 110:
        return line
    return f"def {public}(\n{textwrap.indent(fill(parameters), '    ')}\n) -> {result}: ..."


def fill(parts: list[str]) -> str:
    """Parts of a list in lines, none of which is broken."""
    text = ", ".join(part.replace(" ", "\0") for part in parts) + ","
    return textwrap.fill(text, 105, break_on_hyphens=False, break_long_words=False).replace("\0", " ")


def arguments_of(count: int) -> list[str]:
    return ["x"] if count == 1 else [f"x{i + 1}" for i in range(count)]
