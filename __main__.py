"""`python -m stylize_video`."""

from stylize_video.cli import main

if __name__ == "__main__":
    main()
