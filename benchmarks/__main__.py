"""`python -m benchmarks [NAME ...]` runs the named comparisons, or all."""

import argparse
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
NAMES = sorted(file.stem for file in HERE.glob("*.py") if not file.stem.startswith("_"))


def main() -> None:
    """Run them one after the other; each module has a `run`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    for name in parser.parse_args().names or NAMES:
        if name not in NAMES:
            parser.error(f"there is no benchmark {name!r}; there are: {', '.join(NAMES)}")
        print(f"== {name}: {(import_module(f'benchmarks.{name}').__doc__ or '').splitlines()[0]}")
        import_module(f"benchmarks.{name}").run()


if __name__ == "__main__":
    main()
