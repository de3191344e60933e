"""The two roads, and the worker that walks them job by job."""
