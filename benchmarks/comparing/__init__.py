"""Our policies beside other libraries' in one simulation: who plays, the parallel run, what it says, how it looks."""
