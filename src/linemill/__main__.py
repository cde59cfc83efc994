"""`python -m linemill`: the same as the command `linemill`."""

from linemill.cli import main

if __name__ == "__main__":
    main()
