"""Where moments are spotted: from the calendar, from totals that crossed a mark, and from problems that settled."""
