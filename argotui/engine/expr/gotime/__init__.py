"""Go's time package as far as expressions reach it: moments, locations, layouts."""
