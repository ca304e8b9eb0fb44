"""The one way out: claim, submit, record, settle. A message leaves through here or not at all."""
