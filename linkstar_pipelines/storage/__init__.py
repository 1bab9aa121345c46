"""Where state lives: Postgres (operational), the lake (datasets), and Dagster's own storage on the former."""
