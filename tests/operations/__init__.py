"""Tests of `linkstar_pipelines.operations`."""
