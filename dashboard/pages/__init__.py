"""What is on each page: places and values in, components out."""
