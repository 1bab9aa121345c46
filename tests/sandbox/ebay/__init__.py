"""Tests of eBay's side of the sandbox."""
