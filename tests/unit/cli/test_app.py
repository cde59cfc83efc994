import subprocess
import sys

import linemill as package

HEAVY = (
    "rich",
    "pydantic",
    "ruamel",
    "sqlalchemy",
    "structlog",
    "orjson",
    "stamina",
    "greenlet",
    "linemill.processors",
    "linemill.engine",
)


def test_the_version_is_the_package_s(linemill):
    said = linemill("--version")
    assert (said.code, said.out) == (0, f"linemill {package.__version__}\n")


def test_help_names_every_command(linemill):
    said = linemill("--help")
    assert said.code == 0
    for command in ("init", "run", "check", "graph", "processors"):
        assert f"\n  {command} " in said.out


def test_a_command_that_is_not_there_exits_with_2(linemill):
    assert linemill("rnu").code == 2


def test_help_loads_nothing_that_it_does_not_need():
    program = (
        "import sys\nfrom linemill.cli import main\ntry:\n    main(['--help'])\n"
        f"except SystemExit:\n    print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_python_m_linemill_is_the_same_program():
    done = subprocess.run([sys.executable, "-m", "linemill", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"linemill {package.__version__}\n"
