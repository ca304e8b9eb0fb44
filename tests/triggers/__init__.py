"""Tests of the kinds of trigger and of the shipped definitions."""
