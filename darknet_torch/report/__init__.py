"""Pages to look at: one HTML file with tables, plots and pictures, which opens from disk."""
