"""`python -m mailauth` is `mailauth`."""

from mailauth.cli import main

if __name__ == "__main__":
    main()
