"""Still pictures: files, sizes, orientation. Knows no films and no networks."""
