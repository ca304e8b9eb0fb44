"""What celebrations did: counted from the stores of the other rooms, and compared with the control group."""
