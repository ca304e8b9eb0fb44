"""The sample: real purchases of 23,570 customers of CDNOW, and made-up names, addresses, consents and tickets."""
