"""Writes a template's files, runs Cookiecutter on it without questions, and prints the project's files.

Reads {"files": {path: {"text" or "hex", "mode" or "link"}}, "answers": {...}, "directory": ...} and prints
{path: [mode, contents as hex]}, or the error's text.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from cookiecutter.main import cookiecutter

request = json.load(sys.stdin)
with tempfile.TemporaryDirectory() as folder:
    home = Path(folder, "home")
    template = Path(folder, "template")
    output = Path(folder, "output")
    for path in (home, template, output):
        path.mkdir()
    configuration = home / "config.yaml"
    configuration.write_text(f"cookiecutters_dir: {home}/c\nreplay_dir: {home}/r\n")
    for name, file in request["files"].items():
        path = template / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if "link" in file:
            os.symlink(file["link"], path)
            continue
        path.write_bytes(bytes.fromhex(file["hex"]))
        path.chmod(int(file.get("mode", "644"), 8))
    try:
        cookiecutter(
            str(template),
            no_input=True,
            extra_context=request.get("answers", {}),
            output_dir=str(output),
            config_file=str(configuration),
            directory=request.get("directory"),
            accept_hooks=request.get("hooks", False),
            overwrite_if_exists=request.get("overwrite", False),
        )
        result = {}
        for path in sorted(output.rglob("*")):
            if path.is_file() or path.is_symlink():
                mode = "link" if path.is_symlink() else format(path.stat().st_mode & 0o777, "o")
                result[str(path.relative_to(output))] = [mode, path.read_bytes().hex()]
        answer = {"files": result}
    except Exception as error:  # whatever a template can do wrong
        answer = {"error": f"{type(error).__name__}: {error}"}
    # Paths of this run are no part of the answer.
    text = json.dumps(answer)
    for path, said in ((str(template), "TEMPLATE"), (str(output), "OUTPUT")):
        text = text.replace(path.encode().hex(), said.encode().hex()).replace(path, said)
    print(text)
