"""Strings that break pages elsewhere: markup, quotes that end attributes, letters that turn the direction, odd ones.

Written by hand for these tests; none needs more than that it is shown as the letters it is.
"""

NAUGHTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "' onmouseover='alert(3)",
    "</textarea><script>alert(4)</script>",
    "</title><svg onload=alert(5)>",
    "<!-- not a comment",
    "]]><![CDATA[",
    "javascript:alert(6)",
    "{{ 7 * 7 }} {% for x in y %} ${7*7} #{7*7}",
    "&lt;b&gt;&amp;amp;",
    "\u202egnp.exe\u202c \u2066 \u2067 \u200f",
    "\u202e left open",
    "שלום עולם, مرحبا بالعالم",
    "Z\u0300\u0301\u0302\u0303\u0304\u0305\u0306a\u0307\u0308\u0309\u030al\u030b\u030cg\u030do",
    "👩‍👩‍👧‍👦 🇺🇳 \U0001f9d1\U0001f3ff",
    "\ufeff\u200b\u00a0\u2028\u2029",
    "Robert'); DROP TABLE customers;--",
    "%s %d %n %00 %0d%0aSet-Cookie: a=b",
    "../../../etc/passwd",
    "=cmd|' /C calc'!A0",
    "NULL None undefined NaN true",
    "W" * 400,
    "ﷺ ﷽ ꧅",
    "\\\\\\\\ \\u003cscript\\u003e",
)
