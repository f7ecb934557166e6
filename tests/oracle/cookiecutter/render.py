"""Renders the templates on standard input, a JSON array, as Cookiecutter's own Jinja does.

Prints a JSON array with [text] for what was rendered, and with the error's text for what was not.
"""

import copy
import json
import sys

from cookiecutter.environment import StrictEnvironment


def render(source, context, settings):
    context = copy.deepcopy(context)
    try:
        environment = StrictEnvironment(context=context, keep_trailing_newline=True, **settings)
        return [environment.from_string(source).render(**context)]
    except Exception as error:  # whatever a template can do wrong
        return f"{type(error).__name__}: {error}"


request = json.load(sys.stdin)
answers = [render(source, request["context"], request["settings"]) for source in request["templates"]]
json.dump(answers, sys.stdout)
