"""How the `serve` command reads its arguments; tests/e2e starts it in earnest."""

from __future__ import annotations

import pytest

from portal.management.commands.serve import BAD_INPUT, Command


def parsed(*arguments: str):
    command = Command()
    command._called_from_command_line = True  # as in manage.py: errors end the program
    return command.create_parser("manage.py", "serve").parse_args(arguments)


@pytest.mark.parametrize("port", ["0", "-1", "65536", "http", ""])
def test_no_port(port, capsys):
    with pytest.raises(SystemExit) as ended:
        parsed(f"--port={port}")
    assert ended.value.code == BAD_INPUT
    assert "use a number from 1 to 65535" in capsys.readouterr().err


def test_a_port():
    assert parsed("--port=65535").port == 65535
