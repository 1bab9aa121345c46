"""Tests of Shopee's side of the sandbox."""
