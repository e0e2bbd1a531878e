"""`make bench`: the numbers the service must hold, side by side with a bare watch-and-write loop."""
