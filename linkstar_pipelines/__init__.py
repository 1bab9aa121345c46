"""LinkStar pipelines: the supply chain of a cross-border seller as one graph."""
