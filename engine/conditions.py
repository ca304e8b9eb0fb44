"""The audience tree: `all`, `any`, `not`, and leaves of field, operator and value.

Stub of the contract: the leaves are checked when a definition is saved.
"""

from typing import Any

Condition = dict[str, Any]
