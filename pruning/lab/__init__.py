"""The lab: people ask what policies would have done to their last studies, and a job plays it.

`sources` are the recorded curves one may choose from, `asking` reads and refuses a wish, `sessions` plays it slice by
slice and keeps every cell, `figures` reads the results back for pages and programs.
"""
