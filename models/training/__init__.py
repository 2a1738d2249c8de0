"""What all trainings share: photographs, views of them, checkpoints, the run."""
