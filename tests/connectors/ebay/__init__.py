"""Tests of eBay's connector."""
