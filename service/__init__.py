"""Runs a bundle: feeds in, tagged papers out; network, disk and clock live here."""
