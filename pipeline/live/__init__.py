"""Live pictures: painted one by one as they come, with settings that may change between any two."""
