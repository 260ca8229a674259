"""`python -m labctl`: the same as `labctl`."""

from labctl.cli.main import main

if __name__ == "__main__":
    main()
