"""A trigger as a form: its definition spread over fields that browsers send, and gathered from them again. Pure."""

from web.trigger_form.form import Form, gather, read_form, spread

__all__ = ["Form", "gather", "read_form", "spread"]
