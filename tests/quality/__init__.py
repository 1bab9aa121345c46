"""Tests of `linkstar_pipelines.quality`."""
