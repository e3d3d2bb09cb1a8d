"""Which pictures to label next, and what more labels are worth."""
