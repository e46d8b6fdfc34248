"""What things cost, measured beside plain implementations that must give the same answers."""
