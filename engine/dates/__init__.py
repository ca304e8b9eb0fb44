"""Local dates and hours: zones with their gaps and folds, 29 February, working days, team hours, send windows, periods.

Everything here is pure: values in, values out, no clock and no session, so that each rule can be shown as a table of
dates.
"""
