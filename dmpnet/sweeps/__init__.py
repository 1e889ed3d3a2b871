"""The same function at many points: in local processes or on a Dask cluster, every result a file."""
