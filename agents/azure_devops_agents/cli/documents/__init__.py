"""The generated parts of this repository's pages: tables, maps of rooms, and the picture of the demo."""
