"""Tongtool (通途) ERP: its open platform, read for moving in and for as long as a seller works with it."""
