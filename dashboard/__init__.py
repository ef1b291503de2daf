"""Pages and the live hub: data in, components out."""
