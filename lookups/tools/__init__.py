"""The tools: a form each, answered on its page, by `manage.py`, and in JSON.

`base.py` says what a tool is, `registry.py` names them all, `views.py` shows them, `commands.py`
brings them to the command line. What they compute lives in `lookups.engine`.
"""
