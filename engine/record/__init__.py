"""Where customers and events enter: corrections, totals, problems and incidents follow in the same transaction."""
