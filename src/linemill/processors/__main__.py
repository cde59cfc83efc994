"""Print the reference of the built-in processors, as Markdown: `python -m linemill.processors > docs/reference/processors.md`."""

from linemill.processors.describe import reference

if __name__ == "__main__":
    print(reference(), end="")
