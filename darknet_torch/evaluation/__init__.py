"""How good a network is: every convention of average precision from one pass. No torch."""
