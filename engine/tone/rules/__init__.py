"""The rules of the tone check, as data: `any.yaml` for every language, one more file for each language it can read."""
