"""Find mistakes in cfgs, weight files and data sets, for `dtorch check`."""
