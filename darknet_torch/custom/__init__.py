"""Make a cfg for the user's own classes from an existing one, for `dtorch new`."""
