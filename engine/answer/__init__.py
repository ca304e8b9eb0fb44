"""What people write back to customers who wrote: one answer at a time, by the channel the reply came by, and once."""
