"""The people who work with Jubilee: accounts, roles, and the audit trail of what they did."""
