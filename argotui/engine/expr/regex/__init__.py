"""Go's regular expressions (RE2 syntax): parsed here, matched in time that grows with the text only."""
