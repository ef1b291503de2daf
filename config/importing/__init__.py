"""City folders from what a city already has: a simulator's topology, tables of links and sensors."""
