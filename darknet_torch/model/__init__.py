"""Networks: building, running, summarising; reading and writing weights."""
