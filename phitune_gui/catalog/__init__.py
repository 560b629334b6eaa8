"""What PhiTune offers: one small file of pure data per offer, and one explicit list per kind."""
