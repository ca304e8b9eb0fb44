"""The named reasons to hold a moment, as statements over a set of candidates; one module for each thing looked at."""
