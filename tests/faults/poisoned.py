"""The workers' app, in which making a message whose text says POISON ends the process at once, as running out of
memory would."""

import os
import sys
from typing import Any

import workers.tasks  # noqa: F401 - the modules of sending are loaded
from engine.write import markdown
from workers.app import app as app

WORD = os.environ["JUBILEE_TEST_POISON"]


def _deadly(original: Any) -> Any:
    def made(*args: Any, **more: Any) -> Any:
        if any(isinstance(one, str) and WORD in one for one in (*args, *more.values())):
            os._exit(137)
        return original(*args, **more)

    return made


for _name in ("to_text", "to_html", "lay_out_email"):
    _original = getattr(markdown, _name)
    _replaced = _deadly(_original)
    for _module in list(sys.modules.values()):
        if getattr(_module, _name, None) is _original and _module.__name__.startswith("engine."):
            setattr(_module, _name, _replaced)
