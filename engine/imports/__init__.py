"""CSV files: read in bounded memory, mapped column by column, recorded in pieces, every refused row reported."""
