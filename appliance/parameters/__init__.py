"""What a technician sets: the twelve parameters, their rules, and where they are kept."""
