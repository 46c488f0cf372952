"""What finished studies teach the next one: pure Python and numpy, nothing of the database.

A study that ends leaves a card (`card`): what it was about (`descriptors`), how its curves behaved (`measures`) and
what named policies would have done on them (`playing`). From the cards of similar studies (`neighbours`) come
suggested policies (`suggesting`), a prior for links (`prior`), warnings when a study behaves otherwise (`shift`), and
the safety gate (`gate`). `starter` holds cards of recorded studies that others published.
"""
