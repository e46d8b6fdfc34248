"""An imitation of the service for tests; see ``spreekuur.testing``."""
