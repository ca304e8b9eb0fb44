"""What the company says about days: "not now" for many at once, sensitive days, and what is coming when."""
