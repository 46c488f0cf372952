"""What a study's workers did with their time: attempts on slots, hours spent, saved and lost. `gathering` reads it."""
