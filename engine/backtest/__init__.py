"""What triggers would have done, and will do: the live engine on a virtual clock, over tables of the run alone."""
