"""Tests of `linkstar_pipelines.storage`."""
