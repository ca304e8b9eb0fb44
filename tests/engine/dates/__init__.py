"""Tables of dates, with the arithmetic in the comments, and properties that hold for every date."""
